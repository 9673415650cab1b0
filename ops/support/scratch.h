// Scratch: hands out 64-byte aligned pieces of a kernel's scratch memory while it is being built.
#pragma once
#include <cstdint>

#include "core/tensor/tensor.h"

namespace cambium {
struct Scratch {
  int64_t bytes = 0;

  // The offset of a new piece.
  int64_t add(int64_t size) {
    const int64_t offset = bytes;
    bytes += whole_lines(size);
    return offset;
  }

  int64_t add_f32(int64_t count) { return add(count * int64_t(sizeof(float))); }
};
}  // namespace cambium
