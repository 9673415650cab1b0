// route_grad(chosen i32 [N,K], dweight [N,K]; experts) -> dscores [N,E]: dweight at the chosen
// experts, zero elsewhere. RuntimeError for an expert outside [0, E).
#include <algorithm>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/support/ids.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_route_grad {
namespace {
struct RouteGrad {
  int64_t experts = 1;
  static constexpr auto fields =
      std::tuple{field("experts", &RouteGrad::experts, "columns of the result").in(1)};
};

std::vector<ValueType> shape(const Call& c) {
  require_f32(c, 1);
  require(c.dtype(0) == DType::kI32 && c.shape(0).rank() == 2, "chosen must be i32 [N,K], got ",
          c.in[0].type());
  require(c.shape(0) == c.shape(1), "chosen is ", c.shape(0), ", dweight ", c.shape(1));
  return {{DType::kF32, {c.shape(0)[0], c.as<RouteGrad>().experts}}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t K = c.shape(0)[1], E = c.as<RouteGrad>().experts;
  check_ids("route_grad's expert", in[0].data.data(), in[0].size(), E);
  for (int64_t i = 0; i < in[0].size(); ++i) out[0][i / K * E + int64_t(in[0][i])] += in[1][i];
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t N = c.shape(0)[0], K = c.shape(0)[1], E = c.as<RouteGrad>().experts;
  return {.run = [=](const KernelArgs& args) {
    const int32_t* chosen = args.i32(0);
    check_ids("route_grad's expert", chosen, N * K, E);
    parallel_for(N, std::max<int64_t>(1, 65536 / (E + K)), [&](int64_t first, int64_t last) {
      std::fill(args.out_f32() + first * E, args.out_f32() + last * E, 0.0f);
      for (int64_t i = first * K; i < last * K; ++i)
        args.out_f32()[i / K * E + chosen[i]] += args.f32(1)[i];
    });
  }};
}

Cost cost(const Call& c) {
  return {.flops = double(c.shape(0).count()),
          .bytes = 4 * double(2 * c.shape(0).count() + c.out_shape().count())};
}

SampleInput ids(Shape s, double experts) {
  return {DType::kI32, s, 0, experts};
}
}  // namespace

extern const Op op_route_grad;
const Op op_route_grad = {.name = "route_grad",
                          .doc = "gradient of route: back to the scores of the chosen experts",
                          .min_inputs = 2,
                          .max_inputs = 2,
                          .attrs = fields_of<RouteGrad>,
                          .shape = shape,
                          .reference = reference,
                          .kernel = kernel,
                          .cost = cost,
                          .reach = reach_all,
                          .not_onnx = kOnnxGradient,
                          .samples = {{{ids({5, 2}, 4), Shape{5, 2}}, {{"experts", 4}}},
                                      {{ids({1, 1}, 1), Shape{1, 1}}, {{"experts", 1}}},
                                      {{ids({9000, 1}, 7), Shape{9000, 1}}, {{"experts", 7}}},
                                      {{ids({0, 3}, 4), Shape{0, 3}}, {{"experts", 4}}}}};
}  // namespace cambium::op_route_grad
