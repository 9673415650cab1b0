// safetensors: 8-byte little-endian header length, a JSON header, then the tensors' bytes.
#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/system/open_file.h"
#include "core/tensor/tensor.h"

namespace cambium {
struct SafeTensors {
  std::map<std::string, Tensor, std::less<>> tensors;
  std::map<std::string, std::string> metadata;
};

// Strict: header <= 100 MB and inside the file, no duplicate names, known dtypes, shape x dtype =
// bytes without overflow, offsets in order with neither holes nor overlaps, nothing after the last
// tensor. F16, which is no type of ours, becomes f32, which holds each of its numbers. UserError
// naming the file, the tensor and the values.
SafeTensors read_safetensors(const std::string& path);
SafeTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name);

struct SafeTensorsEntry {
  std::string name;
  ValueType type;
  bool half = false;            // F16 in the file
  uint64_t begin = 0, end = 0;  // its bytes, from the end of the header
};

// The same file opened, so that its tensors are read one at a time. Errors as above.
class SafeTensorsFile {
 public:
  explicit SafeTensorsFile(const std::string& path);

  const std::vector<SafeTensorsEntry>& entries() const { return entries_; }  // in order of bytes

  Tensor read(const SafeTensorsEntry& entry) const;

 private:
  OpenFile file_;
  std::vector<SafeTensorsEntry> entries_;
  uint64_t data_at_ = 0;
};

// Replaces the file atomically; tensors are written in name order, data 64-byte aligned.
void write_safetensors(const std::string& path,
                       const std::map<std::string, const Tensor*, std::less<>>& tensors,
                       const std::map<std::string, std::string>& metadata);
}  // namespace cambium
