// safetensors: 8-byte little-endian header length, a JSON header, then the tensors' bytes.
#pragma once
#include <map>
#include <string>

#include "core/tensor/tensor.h"

namespace cambium {
struct SafeTensors {
  std::map<std::string, Tensor, std::less<>> tensors;
  std::map<std::string, std::string> metadata;
};

// Strict: header <= 100 MB and inside the file, no duplicate names, known dtypes, shape x dtype =
// bytes without overflow, offsets in order with neither holes nor overlaps, nothing after the last
// tensor. UserError naming the file, the tensor and the values.
SafeTensors read_safetensors(const std::string& path);
SafeTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name);

// Replaces the file atomically; tensors are written in name order, data 64-byte aligned.
void write_safetensors(const std::string& path,
                       const std::map<std::string, const Tensor*, std::less<>>& tensors,
                       const std::map<std::string, std::string>& metadata);
}  // namespace cambium
