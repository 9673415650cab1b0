// reverse_sequence(x [B,T,...], mask [B,T]) -> y: the real places of each sequence in reverse, its
// padding where it was. Real are the L_b places before the first whose mask is below 1/2, all T
// without a mask:
//   y[b,t] = x[b, L_b - 1 - t] for t < L_b,  x[b,t] behind them
// Its own inverse, so dx = reverse_sequence(dy, mask). Memory is touched once.
#include <algorithm>
#include <cstring>

#include "core/system/parallel.h"
#include "graph/reach/reach.h"
#include "ops/attention/support/row_mask.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/shapes.h"

namespace cambium::op_reverse_sequence {
namespace {
enum Input { kX, kMask };

std::vector<ValueType> shape(const Call& c) {
  require_f32(c, kX);
  const Shape& s = c.shape(kX);
  require(s.rank() >= 2, "x must be [B,T,...], got ", s);
  const ValueType mask{DType::kF32, {s[0], s[1]}};
  require(!c.has(kMask) || c.in[kMask].type() == mask, "the mask must be ", mask, ", got ",
          c.has(kMask) ? c.in[kMask].type() : mask);
  return {c.in[kX].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  if (!c.has(kMask)) return {dy[0].graph->emit("reverse_sequence", {dy[0]})};
  return {dy[0].graph->emit("reverse_sequence", {dy[0], c.in[kMask]}), Value{}};
}

struct Sizes {
  int64_t B, T, row;
};

Sizes sizes(const Call& c) {
  const Shape& s = c.shape(kX);
  return {s[0], s[1], s.count_between(2, s.rank())};
}

template <class Number> int64_t length_of(const Number* mask, int64_t T) {
  int64_t n = 0;
  while (n < T && is_real(mask, n)) ++n;  // without a mask all are
  return n;
}

// Sequences [first, last).
template <class Number>
void reverse(const Sizes& z, const Number* x, const Number* mask, Number* y, int64_t first,
             int64_t last) {
  for (int64_t b = first; b < last; ++b) {
    const int64_t real = length_of(mask ? mask + b * z.T : mask, z.T), begin = b * z.T * z.row;
    for (int64_t t = 0; t < real; ++t)
      std::copy_n(x + begin + (real - 1 - t) * z.row, z.row, y + begin + t * z.row);
    std::copy_n(x + begin + real * z.row, (z.T - real) * z.row, y + begin + real * z.row);
  }
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Sizes z = sizes(c);
  const double* mask = c.has(kMask) ? in[kMask].data.data() : nullptr;
  reverse(z, in[kX].data.data(), mask, out[0].data.data(), 0, z.B);
}

Kernel kernel(const Call& c, Engine&) {
  const Sizes z = sizes(c);
  return {.run = [=, masked = c.has(kMask)](const KernelArgs& k) {
    const float* mask = masked ? k.f32(kMask) : nullptr;
    parallel_for(z.B, 1 + 32768 / (z.T * z.row + 1), [&](int64_t first, int64_t last) {
      reverse(z, k.f32(kX), mask, k.out_f32(), first, last);
    });
  }};
}

// Place t hears the place that comes to stand there, any of its example when the mask is not known.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const Sizes z = sizes(c);
  if (out[0].shape.count() == 0) return;
  const Reach rows = reduced(in[kX], axes_after(in[kX].shape, 2), {z.B, z.T});
  const bool masked = c.has(kMask), known = !masked || in[kMask].known;
  const Reach all =
      known ? rows
            : joined(mixed(rows, std::vector{1}), mixed(in[kMask], std::vector{1}), {z.B, z.T});
  const auto row_of = rows.strides(), of = all.strides();
  Reach turned(Shape{z.B, z.T});
  turned.stored = turned.shape;
  turned.cells.clear();
  for (int64_t b = 0; b < z.B; ++b) {
    const double* mask = masked && known ? in[kMask].known->data.data() + b * z.T : nullptr;
    const int64_t real = known ? length_of(mask, z.T) : 0;
    for (int64_t t = 0; t < z.T; ++t) {
      const int64_t from = t < real ? real - 1 - t : t;
      turned.cells.push_back(known ? rows.cells[size_t(b * row_of[0] + from * row_of[1])]
                                   : all.cells[size_t(b * of[0] + t * of[1])]);
    }
  }
  Shape one = out[0].shape;
  for (int i = 2; i < one.rank(); ++i) one.set(i, 1);
  out[0] = spread(reshaped(turned, one), out[0].shape);
}

Cost cost(const Call& c) {
  const double mask = c.has(kMask) ? double(c.shape(kMask).count()) : 0;
  return {.flops = 0, .bytes = 8 * double(c.shape(kX).count()) + 4 * mask};
}
}  // namespace

extern const Op op_reverse_sequence = {
    .name = "reverse_sequence",
    .doc = "the places of sequences from the last to the first, padding where it was",
    .min_inputs = 1,
    .max_inputs = 2,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .cheap = true,
    .onnx = onnx_reverse_sequence,
    .samples = {{{Shape{3, 7, 5}, SampleInput(Shape{3, 7}, 0.3, 1)}},
                {{Shape{2, 4, 3, 2}, SampleInput(Shape{2, 4}, 0.9, 1)}},
                {{Shape{2, 3}, SampleInput(Shape{2, 3}, 0, 0.4)}},
                {{Shape{1, 1, 1}, SampleInput(Shape{1, 1}, 0, 1)}},
                {{Shape{2, 5, 3}}},
                {{Shape{3, 1}}},
                {{Shape{0, 3, 2}, Shape{0, 3}}},
                {{Shape{2, 3, 0}, SampleInput(Shape{2, 3}, 0, 1)}}},
};
}  // namespace cambium::op_reverse_sequence
