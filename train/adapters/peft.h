// PEFT's layout of an adapter: <folder>/adapter_model.safetensors and adapter_config.json, as
// huggingface/peft writes and reads LoRA. Names are "base_model.model.<module>.lora_A.weight"
// [r,in] and ".lora_B.weight" [out,r]; of kernels [r,c,ky,kx] and [out,r,1,1]; of tables
// ".lora_embedding_A" [r,rows] and ".lora_embedding_B" [dim,r]; what is trained beside them
// (`also`) stands whole under its own name, products as [out,in].
#pragma once
#include "train/adapters/adapt.h"

namespace cambium {
struct PeftAdapter {
  std::string method;  // "lora" or "rslora"
  int64_t rank = 8;
  double alpha = 16, dropout = 0;
  std::vector<std::string> modules, also;  // as named in the file: "repeat.0.attention.q"
  std::string base;                        // what it was trained on, as it says
  Tensors tensors;                         // by names of the file without "base_model.model."
};

// Of an adapted run's weights. UserErrors: no `adapt:`, methods without a layout there.
PeftAdapter peft_of(const Experiment& e, const Tensors& weights, const std::string& base);

void write_peft(const PeftAdapter& a, const std::string& folder);

// UserErrors that name file, key or tensor: a file that is missing or damaged, keys that change
// what is computed and are not followed here, shapes that do not fit each other.
PeftAdapter read_peft(const std::string& folder);

// Its tensors under the names, and in the shapes, that the model gives them. UserErrors at `mark`
// for what the model does not have, or has otherwise.
Tensors tensors_for(const Model& model, const PeftAdapter& a, const Mark& mark);
}  // namespace cambium
