// Weight files: all tensors of a safetensors file, of an index of shards
// (model.safetensors.index.json: {"weight_map": {tensor: shard}}) or of a folder with either, as
// Hugging Face lays models out.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor/safetensors.h"

namespace cambium {
using Tensors = std::map<std::string, Tensor, std::less<>>;

// Opened: names and types are known, each tensor is read when it is asked for, so that a model
// larger than memory allows for twice needs the place of one tensor. F16 and BF16 are widened to
// f32, exactly; other types stay what they are.
class WeightFiles {
 public:
  // UserErrors naming the file, the tensor and a cure: no such file, a folder with neither or both,
  // a damaged file, an index that is none, a shard that is missing or outside of the folder, a
  // tensor that is not in the shard the index names, one that the index does not name, and one
  // that stands in two shards.
  explicit WeightFiles(const std::string& path);

  const std::map<std::string, ValueType, std::less<>>& types() const { return types_; }

  Tensor read(std::string_view name) const;

 private:
  void open(const std::string& path);
  void open_file(const std::string& path);
  void open_index(const std::string& path);

  struct Place {
    size_t file, entry;
  };

  std::vector<SafeTensorsFile> files_;
  std::map<std::string, Place, std::less<>> places_;
  std::map<std::string, ValueType, std::less<>> types_;
};

// Whether it is a folder that such a model lies in.
bool is_weight_folder(const std::string& path);

// All of them. Errors as above.
Tensors read_weight_files(const std::string& path);
}  // namespace cambium
