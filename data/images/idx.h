// IDX: the byte arrays of the MNIST family (LeCun, Cortes and Burges 1998), raw or gzipped.
#pragma once
#include <string>
#include <vector>

#include "core/tensor/shape.h"

namespace cambium {
struct IdxArray {
  Shape shape;
  std::vector<std::byte> content;  // the whole file; values start at `offset`, row-major
  size_t offset = 0;

  std::span<const uint8_t> values() const {
    return {reinterpret_cast<const uint8_t*>(content.data()) + offset, size_t(shape.count())};
  }
};

// Reads unsigned bytes: two zero bytes, type 0x08, the rank, big-endian 32-bit extents, values.
// Strict: UserError naming the path, what was found and what was expected when the file is missing,
// truncated, longer than its extents say, of another type or of another rank.
IdxArray read_idx(const std::string& path, int rank);
IdxArray parse_idx(std::vector<std::byte> content, int rank, const std::string& path);
}  // namespace cambium
