// Adapter source: the folder that adapters start from, `adapt: {from: DIR}`, in PEFT's layout
// (peft.h).
#pragma once
#include "train/adapters/peft.h"
#include "train/weights/transfer.h"

namespace cambium {
// Writes into the spec what the folder says and the spec does not: method, rank, alpha, names, what
// is trained beside them, and a hash of its files, so that who knows the spec knows the adapter.
// Nothing without `from`. A spec with a hash may belong to a run that has begun: a folder that is
// gone or has changed is then left alone. UserErrors of the section and of the folder.
void settle_adapters(Spec& spec, const Vars& vars);

// The folder's tensors as a start of the model's.
struct AdapterStart {
  std::string folder;
  Tensors tensors;  // by the names of the model
};

// None without `from`. UserErrors at `from`: it is gone, is no longer what the hash says, or does
// not fit the model.
std::optional<AdapterStart> adapter_start(const Experiment& e);

// The same for who opens a spec: none where a run that has begun no longer needs it, which `notes`
// of the experiment says.
void check_adapter_source(Experiment& e, const Model& model);
}  // namespace cambium
