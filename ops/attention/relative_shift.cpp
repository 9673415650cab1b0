// relative_shift(x [B,H,T,2 T - 1]; back) -> y [B,H,T,T]: what a query t has for each distance, as
// what it has for each key s, keys first, as the attention operators take pairs:
//   y[b,h,s,t] = x[b,h,t, s - t + T - 1]
// With `back`, from y to x, which is 0 at distances that no key has. Each is the other's gradient.
// Dai et al. 2019, arXiv 1901.02860, appendix B.
#include "core/system/parallel.h"
#include "graph/reach/reach.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/shapes.h"

namespace cambium::op_relative_shift {
namespace {
struct RelativeShift {
  bool back = false;
  static constexpr auto fields =
      std::tuple{field("back", &RelativeShift::back, "from keys to distances")};
};

std::vector<ValueType> shape(const Call& c) {
  require_f32(c, 0);
  Shape s = c.shape(0);
  const bool back = c.as<RelativeShift>().back;
  require(s.rank() == 4 && s[2] > 0 && s[3] == (back ? s[2] : 2 * s[2] - 1), "x must be ",
          back ? "[B,H,T,T]" : "[B,H,T,2T-1]", ", got ", s);
  s.set(3, back ? 2 * s[2] - 1 : s[2]);
  return {{DType::kF32, s}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("relative_shift", {dy[0]}, {{"back", !c.as<RelativeShift>().back}})};
}

// Sixteen queries at a time: one vector of y, and lines of x that stay in the cache from one key to
// the next.
template <class Number> void shift(int64_t T, bool back, const Number* from, Number* to) {
  constexpr int64_t kQueries = 16;
  const int64_t wide = 2 * T - 1;
  if (back) std::fill_n(to, T * wide, Number(0));
  for (int64_t t0 = 0; t0 < T; t0 += kQueries)
    for (int64_t s = 0; s < T; ++s)
      for (int64_t t = t0; t < std::min(T, t0 + kQueries); ++t) {
        const int64_t pair = s * T + t, distance = t * wide + s - t + T - 1;
        to[back ? distance : pair] = from[back ? pair : distance];
      }
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Shape& s = c.shape(0);
  for (int64_t i = 0; i < s[0] * s[1]; ++i)
    shift(s[2], c.as<RelativeShift>().back, in[0].data.data() + i * s[2] * s[3],
          out[0].data.data() + i * s[2] * c.out_shape()[3]);
}

Kernel kernel(const Call& c, Engine&) {
  const Shape s = c.shape(0);
  const int64_t T = s[2], read = T * s[3], written = T * c.out_shape()[3];
  return {.run = [=, back = c.as<RelativeShift>().back](const KernelArgs& k) {
    parallel_for(s[0] * s[1], 1 + 32768 / read, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i)
        shift(T, back, k.f32(0) + i * read, k.out_f32() + i * written);
    });
  }};
}

// What belongs to a query hears what all that belongs to it hears.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const Shape& s = c.shape(0);
  if (s.count() == 0) return;
  const bool back = c.as<RelativeShift>().back;
  const Reach queries = reduced(in[0], std::array{back ? 2 : 3}, {s[0], s[1], s[2]});
  const Shape one = back ? Shape{s[0], s[1], s[2], 1} : Shape{s[0], s[1], 1, s[2]};
  out[0] = spread(reshaped(queries, one), out[0].shape);
}

Cost cost(const Call& c) {
  return {.bytes = 4 * double(c.shape(0).count() + c.out_shape().count())};
}
}  // namespace

extern const Op op_relative_shift = {
    .name = "relative_shift",
    .doc = "what queries have for distances, as what they have for keys",
    .attrs = fields_of<RelativeShift>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .cheap = true,
    .onnx = onnx_relative_shift,
    .samples = {{{Shape{2, 3, 4, 7}}},
                {{Shape{1, 2, 37, 73}}},
                {{Shape{2, 1, 1, 1}}},
                {{Shape{0, 2, 3, 5}}},
                {{Shape{2, 3, 2, 2}}, {{"back", true}}},
                {{Shape{1, 1, 37, 37}}, {{"back", true}}}},
};
}  // namespace cambium::op_relative_shift
