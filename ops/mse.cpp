// mse: the mean of (prediction - target)^2 over all elements; 0 over none.
//   dprediction = 2 (prediction - target) / n * dloss, dtarget = -dprediction
#include <cmath>

#include "ops/support/lanes.h"
#include "ops/support/pointwise.h"
#include "ops/support/reduce.h"

namespace cambium {
namespace {
std::vector<ValueType> shape(const Call& c) {
  like_all(c);
  return {{DType::kF32, {}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const double n = std::max<double>(1, double(c.shape(0).count()));
  const Value factor = g.emit("scale", {dy[0]}, {{"a", 2 / n}});
  const Value d = g.emit("mul", {g.emit("sub", {c.in[0], c.in[1]}), factor});
  return {d, g.emit("neg", {d})};
}

void reference(const Call&, std::span<const Ref> in, std::span<Ref> out) {
  for (int64_t i = 0; i < in[0].size(); ++i)
    out[0][0] += std::pow(in[0][i] - in[1][i], 2) / double(in[0].size());
}

CAMBIUM_SIMD float squared_distance(const float* a, const float* b, int64_t n) {
  return lane_sum(
      n, [](auto& acc, const auto& x, const auto& y) { acc += (x - y) * (x - y); }, a, b);
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t n = c.shape(0).count(), blocks = (n + kFoldElements - 1) / kFoldElements;
  return {.run =
              [=](const KernelArgs& k) {
                auto* partial = reinterpret_cast<float*>(k.scratch);
                parallel_for(blocks, 8, [&](int64_t begin, int64_t end) {
                  for (int64_t b = begin; b < end; ++b) {
                    const int64_t at = b * kFoldElements;
                    partial[b] = squared_distance(k.f32(0) + at, k.f32(1) + at,
                                                  std::min(kFoldElements, n - at));
                  }
                });
                double total = 0;
                for (int64_t b = 0; b < blocks; ++b) total += double(partial[b]);
                k.out_f32()[0] = float(n > 0 ? total / double(n) : 0);
              },
          .scratch_bytes = blocks * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = 3.0 * double(c.shape(0).count());
  return cost;
}
}  // namespace

extern const Op op_mse = {
    .name = "mse",
    .doc = "mean squared difference of prediction and target",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .samples = {{{Shape{6, 5}, Shape{6, 5}}},
                {{Shape{}, Shape{}}},
                {{Shape{3, 4001}, Shape{3, 4001}}},
                {{Shape{0, 3}, Shape{0, 3}}}},
};
}  // namespace cambium
