// What tests over all datasets ask of batches: their bytes, and whether they are what their shape
// says.
#pragma once
#include <algorithm>
#include <numeric>

#include "core/hash.h"
#include "tests/support/data/small_data.h"

namespace cambium::test {
inline constexpr Split kSplits[] = {Split::kTrain, Split::kValidation, Split::kTest};

// The tensors of a batch that its shape has.
inline std::vector<Tensor*> tensors_of(Batch& b) {
  std::vector<Tensor*> out;
  for (const BatchInput& input : batch_inputs())
    if (input.tensor && (b.*input.tensor).bytes() > 0 && (b.*input.tensor).data())
      out.push_back(&(b.*input.tensor));
  return out;
}

// All that a model could see of a batch.
inline std::string bytes_of(const Batch& batch) {
  std::string out = str(batch.examples, " ");
  const auto add = [&](std::span<const std::byte> raw) {
    out.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  };
  for (const Tensor* t : tensors_of(const_cast<Batch&>(batch))) add(t->raw());
  if (!batch.adjacency) return out;
  add(std::as_bytes(std::span(batch.adjacency->in.begin)));
  add(std::as_bytes(std::span(batch.adjacency->in.neighbour)));
  return out;
}

// Fills every number of a batch with what no dataset writes, and puts an adjacency of another batch
// there.
inline void spoil(Batch& b) {
  for (Tensor* t : tensors_of(b)) {
    if (t->type().dtype == DType::kF32)
      std::ranges::fill(t->f32(), -123456.0f);
    else
      std::ranges::fill(t->i32(), 1 << 30);
  }
  b.examples = 99;
}

inline Batch read_indices(const Dataset& data, Split split, std::span<const int64_t> indices,
                          int64_t batch, uint64_t epoch_seed = 0) {
  Batch b = allocate_batch(data.shape(batch));
  spoil(b);
  data.read(split, indices, epoch_seed, b);
  return b;
}

inline std::string example_bytes(const Dataset& data, Split split, int64_t index,
                                 uint64_t epoch_seed = 0) {
  return bytes_of(read_indices(data, split, std::span(&index, 1), 1, epoch_seed));
}

inline std::vector<std::string> all_examples(const Dataset& data, Split split,
                                             uint64_t epoch_seed = 0) {
  std::vector<std::string> out;
  for (int64_t i = 0; i < data.count(split); ++i)
    out.push_back(example_bytes(data, split, i, epoch_seed));
  return out;
}

inline int64_t scored_in(const Tensor& target) {
  if (target.type().dtype == DType::kF32)
    return std::ranges::count_if(target.f32(), [](float v) { return !std::isnan(v); });
  return std::ranges::count_if(target.i32(), [](int32_t v) { return v >= 0; });
}

// A whole number among the variables of a dataset; 0 when there is none of that name.
inline int64_t var_of(const Dataset& data, std::string_view name) {
  for (const auto& [key, value] : data.vars())
    if (const auto* n = std::get_if<int64_t>(&value.variant()); n && key == name) return *n;
  return 0;
}

inline bool takes_batch(const Dataset& data, int64_t batch) {
  return batch == 1 || !data.shape(1).one_graph;
}

// Other values of an option, as YAML.
inline std::vector<std::string> other_values(const FieldInfo& f) {
  if (f.type == "true/false") return {f.default_text == "true" ? "false" : "true"};
  if (f.type == "whole number") return {"1", "2", "3", "5", "9"};
  if (f.type == "number") return {"0.05", "0.3", "0.7"};
  std::vector<std::string> out = f.choices;
  for (std::string& c : out)
    if (f.type == "list of text") c = str("[", c, "]");
  return out;
}

// The section with `option` set to `value`.
inline std::string with_option(const std::string& example, const std::string& kind,
                               const std::string& option, const std::string& value) {
  Yaml data = parse_yaml(example, "data.yaml");
  Yaml& options = *data.find(kind);
  const Yaml parsed = parse_yaml(value, "value.yaml");
  if (Yaml* old = options.find(option))
    *old = parsed;
  else
    options.entries.push_back({option, {}, parsed});
  return to_yaml(data);
}
}  // namespace cambium::test
