// gemm_tn: C [m, n] = A^T B for A [rows, m] and B [rows, n], the product of weight gradients: many
// rows, small C.
#pragma once
#include "graph/op.h"

namespace cambium {
struct GemmTn {
  int64_t rows, m, n;
  DType dtype;       // of A and B, f32 or bf16; C is f32 and sums are in f32
  bool column_sums;  // output 1 is B's column sums [n]
};

// Whether the kernel below suits the sizes and the machine; oneDNN does the rest. oneDNN splits the
// rows among threads and copies A, which costs up to a quarter of its speed while C is small.
bool suits_gemm_tn(const GemmTn& g);

// The same on matrix tiles, for columns in whole blocks of 32.
bool suits_gemm_tn_tiles(const GemmTn& g);
Kernel gemm_tn_tiles_kernel(const GemmTn& g);

struct Grid {
  int64_t blocks, panels;  // parts along each
};

// The grid of at most `threads` parts of blocks of C's rows and panels of its columns whose largest
// part is smallest; panels first, since dividing them leaves every thread to pack A only.
Grid best_grid(int64_t blocks, int64_t panels, int64_t threads);

struct Range {
  int64_t begin, end;

  int64_t count() const { return end - begin; }
};

// Slice i of `of` nearly equal ones of n.
inline Range slice_of(int64_t n, int64_t i, int64_t of) {
  return {n * i / of, n * (i + 1) / of};
}

// A is input 0, B input 1, C output 0. Threads own parts of C and add rows in order, so the bits do
// not depend on how many there are.
Kernel gemm_tn_kernel(const GemmTn& g);
}  // namespace cambium
