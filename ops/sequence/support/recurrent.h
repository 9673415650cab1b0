// What rnn, lstm, gru and their gradients share: sizes, packed weights, and the walk along time.
// Each thread takes its own sequences through all steps, so steps need no barrier.
#pragma once
#include "graph/op.h"
#include "ops/support/partition.h"
#include "ops/support/scratch.h"
#include "ops/support/simd_math.h"

namespace cambium {
struct Recurrent {
  bool reverse = false;
  static constexpr auto fields =
      std::tuple{field("reverse", &Recurrent::reverse, "walk from the last token to the first")};
};

struct RecurrentSizes {
  int64_t B, T, H, gates;
  bool reverse;
  int64_t width;  // H rounded up to 16

  // The token that step i looks at, and the one before it in the walk (-1: none).
  int64_t token(int64_t i) const { return reverse ? T - 1 - i : i; }

  int64_t before(int64_t t) const { return reverse ? (t + 1 < T ? t + 1 : -1) : t - 1; }

  int64_t row(int64_t b, int64_t t) const { return b * T + t; }

  int64_t parts() const { return B * T * H * H < 20000 ? 1 : part_count(B); }

  // Multiply-adds of the recurrent product, times two.
  double product_flops() const { return 2 * double(B * T) * double(H) * double(gates * H); }
};

// UserError unless input x is f32 [B,T,gates H] and w f32 [H,gates H].
RecurrentSizes recurrent_sizes(const Call& c, int64_t gates, bool reverse);

// The weights in panels of 64 columns, zero padded, for step_product: [H rows, gates width
// columns]; transposed for step_product_back: [gates width rows, width columns].
void pack_recurrent(const RecurrentSizes& z, const float* w, float* to);
void pack_recurrent_transposed(const RecurrentSizes& z, const float* w, float* to);

// Step i: rows of `product` [gates width] = rows of h [width] times packed weights; zeros at the
// first, whose state of zeros must not meet weights that are infinite or NaN.
void step_product(const RecurrentSizes& z, int64_t i, int64_t rows, const float* h, const float* w,
                  float* product);
// rows of dh [width] += rows of dproduct [gates width] times transposed packed weights.
void step_product_back(const RecurrentSizes& z, int64_t rows, const float* dproduct, const float* w,
                       float* dh);

// dw [H,gates H] = sum of h_before^T dproduct as graph operators: h [B,T,H] is the result, dproduct
// [B,T,gates H] the gradient of h_before w.
Value recurrent_weights_gradient(const RecurrentSizes& z, Value h, Value dproduct);

// The packed weights, then a piece of scratch for each part. How many parts there are is settled
// when the kernel is made.
struct RecurrentScratch {
  int64_t weights, parts, count, part_bytes, bytes;

  RecurrentScratch(const RecurrentSizes& z, int64_t floats_per_row) : count(z.parts()) {
    Scratch s;
    weights = s.add_f32(z.gates * z.width * z.width);
    parts = s.bytes;
    part_bytes = round_up(4 * floats_per_row * ((z.B + count - 1) / count), 64);
    bytes = parts + count * part_bytes;
  }

  float* packed(const KernelArgs& k) const { return reinterpret_cast<float*>(k.scratch + weights); }

  float* part(const KernelArgs& k, int64_t i) const {
    return reinterpret_cast<float*>(k.scratch + parts + i * part_bytes);
  }
};

// The kernel of a walk along time: `pack` readies input 1, the weights; then each part of the
// sequences runs walk(k, packed weights, first, last, scratch of `floats_per_row` a sequence).
template <class Walk>
Kernel recurrent_kernel(const RecurrentSizes& z, int64_t floats_per_row,
                        void (*pack)(const RecurrentSizes&, const float*, float*), Walk walk) {
  const RecurrentScratch s(z, floats_per_row);
  return {.run =
              [=](const KernelArgs& k) {
                pack(z, k.f32(1), s.packed(k));
                for_each_part(z.B, s.count, [&](int64_t part, int64_t first, int64_t last) {
                  walk(k, s.packed(k), first, last, s.part(k, part));
                });
              },
          .scratch_bytes = s.bytes};
}
}  // namespace cambium
