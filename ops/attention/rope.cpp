// rope(x [B,T,H,D], optional position i32 [1,1] when T = 1; base, inverse, channels) -> y
// [B,T,H,D]: rotary positions of the first R channels of a head, all or `channels`. Pair i = (x_i,
// x_{i+R/2}) of the token at position t turns by the angle t * base^(-2 i / R) (rotate-half
// convention):
//   y_i = x_i cos - x_{i+R/2} sin,   y_{i+R/2} = x_{i+R/2} cos + x_i sin.
// A rotation is orthogonal, so dx is rope with `inverse` flipped. Angles are computed in double
// once, when the kernel is made. Su et al. 2021, arXiv 2104.09864, section 3.2.
#include "ops/attention/support/rope.h"

#include <algorithm>
#include <cmath>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_rope {
namespace {
// Channels that turn.
int64_t width_of(const Call& c) {
  const int64_t channels = c.as<Rope>().channels;
  return channels > 0 ? channels : c.shape(0)[3];
}

std::vector<ValueType> shape(const Call& c) {
  const Shape& s = c.shape(0);
  require(s.rank() == 4 && c.dtype(0) == DType::kF32, "x must be f32 [B,T,H,D], got ",
          c.in[0].type());
  require(!c.has(1) || (s[1] == 1 && c.in[1].type() == ValueType{DType::kI32, {1, 1}}),
          "a position goes with one token, and is i32 [1,1]");
  const int64_t turned = width_of(c);
  require(turned <= s[3], "rope turns ", turned, " channels of heads of ", s[3]);
  require(turned % 2 == 0, "the ", turned, " channels that turn must be even: rope turns pairs");
  return {c.in[0].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<Rope>();
  Graph& g = *dy[0].graph;
  const Args args = {{"base", a.base}, {"inverse", !a.inverse}, {"channels", a.channels}};
  if (!c.has(1)) return {g.emit("rope", {dy[0]}, args)};
  return {g.emit("rope", {dy[0], c.in[1]}, args), Value{}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Rope>();
  const Shape& s = c.shape(0);
  const int64_t T = s[1], H = s[2], D = s[3], width = width_of(c), half = width / 2;
  out[0].data = in[0].data;
  for (int64_t row = 0; row < s.count_between(0, 3); ++row)
    for (int64_t i = 0; i < half; ++i) {
      const int64_t position = c.has(1) ? int64_t(in[1][0]) : row / H % T;
      const double turn = rope_angle(position, i, width, a.base) * (a.inverse ? -1 : 1);
      const double x1 = in[0][row * D + i], x2 = in[0][row * D + half + i];
      out[0][row * D + i] = x1 * std::cos(turn) - x2 * std::sin(turn);
      out[0][row * D + half + i] = x2 * std::cos(turn) + x1 * std::sin(turn);
    }
}

// Heads of x as [B*T, H, D].
struct Heads {
  int64_t T, H, D, half;  // half: R / 2

  explicit Heads(const Call& c)
      : T(c.shape(0)[1]), H(c.shape(0)[2]), D(c.shape(0)[3]), half(width_of(c) / 2) {}
};

// Cosines and sines [T, R/2].
struct Angles {
  const float *cosines, *sines;
  float sign;
};

// Rows [first, last) of x, which may be y, of heads of width D.
[[gnu::always_inline]] inline void turn_rows_of(const Heads& z, int64_t D, const float* x, float* y,
                                                const Angles& a, int64_t first, int64_t last) {
  const int64_t T = z.T, H = z.H, half = z.half;
  const float sign = a.sign;
  for (int64_t row = first; row < last; ++row) {
    const float* cosine = a.cosines + row % T * half;
    const float* sine = a.sines + row % T * half;
    for (int64_t h = 0; h < H; ++h) {
      const float* from = x + (row * H + h) * D;
      float* to = y + (row * H + h) * D;
#pragma GCC ivdep
      for (int64_t i = 0; i < half; ++i) {
        const float x1 = from[i], x2 = from[half + i], s = sign * sine[i];
        to[i] = x1 * cosine[i] - x2 * s;
        to[half + i] = x2 * cosine[i] + x1 * s;
      }
    }
  }
}

CAMBIUM_SIMD void turn_heads(const Heads& z, const float* x, float* y, const Angles& a,
                             int64_t first, int64_t last) {
  if (z.D == 2 * z.half) return turn_rows_of(z, 2 * z.half, x, y, a, first, last);
  turn_rows_of(z, z.D, x, y, a, first, last);
  const int64_t turned = 2 * z.half;
  for (int64_t head = first * z.H; x != y && head < last * z.H; ++head)
    std::copy_n(x + head * z.D + turned, z.D - turned, y + head * z.D + turned);
}

// One token at a position that is known when it runs.
Kernel step_kernel(const Call& c) {
  const auto a = c.as<Rope>();
  const Heads z(c);
  const int64_t rows = c.shape(0)[0], half = z.half;
  return {.run =
              [=](const KernelArgs& k) {
                auto *cosines = reinterpret_cast<float*>(k.scratch), *sines = cosines + half;
                for (int64_t i = 0; i < half; ++i) {
                  const double turn =
                      rope_angle(k.i32(1)[0], i, 2 * half, a.base) * (a.inverse ? -1 : 1);
                  cosines[i] = float(std::cos(turn));
                  sines[i] = float(std::sin(turn));
                }
                turn_heads(z, k.f32(0), k.out_f32(), {cosines, sines, 1}, 0, rows);
              },
          .scratch_bytes = 2 * half * int64_t(sizeof(float))};
}

Kernel kernel(const Call& c, Engine&) {
  if (c.has(1)) return step_kernel(c);
  const auto a = c.as<Rope>();
  const Heads z(c);
  const int64_t rows = c.shape(0)[0] * z.T;
  const float sign = a.inverse ? -1 : 1;
  const auto table = rope_table(a.base, z.T, 2 * z.half);
  return {.run = [=](const KernelArgs& args) {
    const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, z.H * z.D));
    parallel_for(rows, grain, [&](int64_t first, int64_t last) {
      turn_heads(z, args.f32(0), args.out_f32(), {table->cosines.data(), table->sines.data(), sign},
                 first, last);
    });
  }};
}

Cost cost(const Call& c) {
  const double n = double(c.shape(0).count()), rows = double(c.shape(0).rows());
  return {.flops = 3 * rows * double(width_of(c)), .bytes = 8 * n};
}
}  // namespace

extern const Op op_rope;
const Op op_rope = {
    .name = "rope",
    .doc = "rotary position embedding of queries or keys",
    .max_inputs = 2,
    .attrs = fields_of<Rope>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_rows,
    .in_place = first_in_place,
    .turn =
        [](const Attrs& a) {
          const auto& o = a.as<Rope>();
          return Turn{o.base, o.inverse, o.channels};
        },
    .cheap = true,
    .places = Places::kTokens,
    .onnx = onnx_rope,
    .samples = {{{Shape{2, 5, 3, 6}}},
                {{Shape{1, 1, 1, 2}}},
                {{Shape{2, 33, 2, 34}}, {{"base", 500.0}, {"inverse", true}}},
                {{Shape{2, 5, 3, 7}}, {{"channels", 4}}},
                {{Shape{1, 9, 2, 40}}, {{"channels", 34}, {"inverse", true}}},
                {{Shape{3, 1, 2, 9}, SampleInput(DType::kI32, {1, 1}, 7, 8)}, {{"channels", 6}}},
                {{Shape{3, 1, 2, 6}, SampleInput(DType::kI32, {1, 1}, 7, 8)}},
                {{Shape{0, 3, 2, 4}}},
                {{Shape{2, 3, 2, 0}}}}};
}  // namespace cambium::op_rope
