// broadcast_to: repeats x along axes of extent 1 (and new leading axes) up to `shape`.
//   dx = dy summed over the repeated axes
#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_broadcast_to {
namespace {
struct BroadcastTo {
  std::vector<int64_t> shape;
  static constexpr auto fields =
      std::tuple{field("shape", &BroadcastTo::shape, "the extents of the result").in(0)};
};

// Reads the first operand only, so that the second may be x again.
struct First {
  [[gnu::always_inline]] float operator()(float a, float) const { return a; }
};

std::vector<ValueType> shape(const Call& c) {
  require_f32(c, 0);
  const Shape to(c.as<BroadcastTo>().shape);
  require(broadcasts_to(c.shape(0), to), c.shape(0), " does not broadcast to ", to);
  return {{DType::kF32, to}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {unbroadcast(dy[0], c.shape(0))};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  for (int64_t i = 0; i < out[0].size(); ++i)
    out[0][i] = in[0][broadcast_index(i, c.shape(0), c.out_shape())];
}

Kernel kernel(const Call& c, Engine&) {
  const BroadcastLoop loop = broadcast_loop(c.shape(0), c.shape(0), c.out_shape());
  const int64_t n = c.out_shape().count();
  return {.run = [=](const KernelArgs& k) {
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      map2_broadcast(loop, k.f32(0), k.f32(0), k.out_f32(), begin, end, First{});
    });
  }};
}

void reach(const Call&, std::span<const Reach> in, std::span<Reach> out) {
  out[0] = spread(in[0], out[0].shape);
}
}  // namespace

extern const Op op_broadcast_to = {
    .name = "broadcast_to",
    .doc = "repeats x along axes of extent 1 up to a shape",
    .attrs = fields_of<BroadcastTo>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<0>,
    .reach = reach,
    .cheap = true,
    .onnx = onnx_broadcast_to,
    .samples = {{{Shape{3, 1}}, {{"shape", std::vector<int64_t>{3, 5}}}},
                {{Shape{}}, {{"shape", std::vector<int64_t>{2, 3}}}},
                {{Shape{4}}, {{"shape", std::vector<int64_t>{4}}}},
                {{Shape{2, 1, 3}}, {{"shape", std::vector<int64_t>{5, 2, 4, 3}}}},
                {{Shape{1, 300}}, {{"shape", std::vector<int64_t>{200, 300}}}},
                {{Shape{0, 1}}, {{"shape", std::vector<int64_t>{0, 3}}}}},
};
}  // namespace cambium::op_broadcast_to
