// Transfer: a model starts with the weights of a source (`init:`), every tensor of both accounted
// for; and parts of it never move (`freeze:`).
#pragma once
#include "core/text/json_forward.h"
#include "train/spec/experiment.h"
#include "train/weights/resize.h"
#include "train/weights/source.h"

namespace cambium {
enum class TransferFate { kTaken, kResized, kFresh, kUnused };

std::string_view name_of(TransferFate fate);  // "taken", "resized" ...

struct TransferRow {
  TransferFate fate;
  std::string from, to;   // names in the source and in the model; empty: there is none
  ValueType has, wants;   // their types, where they are
  std::string_view rule;  // of a resized one
  ResizeHow how = {};
  bool by_structure = false;  // names do not say which it is
};

struct Transfer {
  InitSpec init;
  WeightSource source;
  std::vector<TransferRow> rows;  // those of the model by name, then the unused
  std::vector<UserError> notes;   // what is legal and does nothing
  std::string names_gone;         // Matched::names_gone
};

// Opens what `init:` names; none without the section. UserErrors at their places, all of them: a
// source that is missing, broken or a pickle, patterns that meet nothing, tensors of the model
// without a start (with those of the source that would fit) and of the source that go nowhere.
std::optional<Transfer> plan_transfer(const Experiment& e);

// The same of an experiment that was opened, for who looks at it: none where the source is gone,
// can no longer be read or is not what the spec's hash says, as a run's may be.
std::optional<Transfer> find_transfer(const Experiment& e);

// The same while a spec is opened: writes the hash into it where it says none, so that resuming and
// studies notice another source. A spec with a hash may belong to a run that has begun: a source
// that is gone, broken or another is then a note. UserErrors as above.
void check_transfer(Experiment& e);

// What can be said without a model: the words of `init:` and `freeze:`, and the source.
void check_source(const Experiment& e, Diagnostics& errors);

// The hash alone, for a plan; nothing without `init:`. UserErrors of the section.
void pin_source(Spec& spec, const Vars& vars);

// UserError unless the source is what the spec's hash says.
void require_hash(const Transfer& t);

// Copies and resizes into the store, from one tensor of the source after the other.
void start_from(Store& store, const Transfer& t);

// What the record and the spec of the source's run say of its data and is otherwise here, with both
// values; empty for a file, and where nothing is.
std::string other_data(const Transfer& t, const Spec& spec, const Identity& data);

// "17 tensors taken from 'runs/base', 1 resized, 2 fresh; 1 of the source unused"
std::string summary(const Transfer& t);
std::string to_text(const Transfer& t);  // and a line for each
Json to_json(const Transfer& t);
}  // namespace cambium
