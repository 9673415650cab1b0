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

// A is input 0, B input 1, C output 0. Threads own parts of C and add rows in order, so the bits do
// not depend on how many there are.
Kernel gemm_tn_kernel(const GemmTn& g);
}  // namespace cambium
