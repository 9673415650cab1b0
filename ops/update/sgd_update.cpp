// sgd_update(lr [], scale [], p1..pn, g1..gn, m1..mn) -> p1'..pn', m1'..mn', all in place.
//   g = scale g + decay p;  m' = momentum m + (1 - dampening) g;
//   p' = p - lr lr_scale (nesterov ? g + momentum m' : m').
// With momentum 0 the m's are left out and p' = p - lr lr_scale g. Sutskever et al. 2013, "On the
// importance of initialization and momentum in deep learning".
#include "ops/support/reach.h"
#include "ops/update/support/update.h"

namespace cambium::op_sgd_update {
namespace {
struct Sgd {
  double momentum = 0, dampening = 0;
  bool nesterov = false;
  std::vector<double> weight_decay, lr_scale;
  static constexpr auto fields = std::tuple{
      field("momentum", &Sgd::momentum, "share of the last direction that is kept").in(0, 1),
      field("nesterov", &Sgd::nesterov, "look ahead along the momentum"),
      field("dampening", &Sgd::dampening, "share of the gradient that momentum leaves out")
          .in(0, 1),
      field("weight_decay", &Sgd::weight_decay, "L2 penalty of each tensor; empty: 0").in(0),
      field("lr_scale", &Sgd::lr_scale, "factor on lr of each tensor; empty: 1").in(0)};
};

int group_count(const Call& c) {
  return c.as<Sgd>().momentum > 0 ? 3 : 2;
}

int tensor_count(const Call& c) {
  return (c.inputs() - 2) / group_count(c);
}

std::vector<ValueType> shape(const Call& c) {
  const auto& a = c.as<Sgd>();
  const int groups = group_count(c), n = tensor_count(c);
  require((c.inputs() - 2) % groups == 0, c.inputs() - 2, " tensors are not ", groups,
          " groups of one size (momentum = ", a.momentum, ")");
  check_update_inputs(c, 2, 2, groups, n);
  per_tensor(a.weight_decay, n, 0, "weight_decay");
  per_tensor(a.lr_scale, n, 1, "lr_scale");
  return types_of(c, 2, (groups - 1) * n);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Sgd>();
  const size_t n = size_t(tensor_count(c));
  const auto decay = per_tensor(a.weight_decay, int(n), 0, ""),
             lr_scale = per_tensor(a.lr_scale, int(n), 1, "");
  for (size_t k = 0; k < n; ++k)
    for (int64_t i = 0; i < in[2 + k].size(); ++i) {
      const double p = in[2 + k][i], g = in[1][0] * in[2 + n + k][i] + decay[k] * p;
      double direction = g;
      if (a.momentum > 0) {
        const double m = a.momentum * in[2 + 2 * n + k][i] + (1 - a.dampening) * g;
        out[n + k][i] = m;
        direction = a.nesterov ? g + a.momentum * m : m;
      }
      out[k][i] = p - in[0][0] * lr_scale[k] * direction;
    }
}

struct Rates {
  float lr, scale, decay, momentum, fresh;  // fresh = 1 - dampening
};

CAMBIUM_SIMD void descend(const float* p, const float* g, float* to, int64_t n, Rates r) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) to[i] = p[i] - r.lr * (r.scale * g[i] + r.decay * p[i]);
}

template <bool kNesterov>
CAMBIUM_SIMD void descend_with_momentum(const float* p, const float* g, const float* m, float* to,
                                        float* to_m, int64_t n, Rates r) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float gi = r.scale * g[i] + r.decay * p[i];
    const float mi = r.momentum * m[i] + r.fresh * gi;
    to_m[i] = mi;
    to[i] = p[i] - r.lr * (kNesterov ? gi + r.momentum * mi : mi);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto& a = c.as<Sgd>();
  const int n = tensor_count(c);
  const auto decay = per_tensor(a.weight_decay, n, 0, ""),
             lr_scale = per_tensor(a.lr_scale, n, 1, "");
  const auto run = [=, chunks = UpdateChunks(c, 2, n)](const KernelArgs& args) {
    chunks.each([&](UpdatePiece piece) {
      const int k = piece.tensor;
      const int64_t at = piece.begin, count = piece.end - piece.begin;
      const Rates r{float(args.f32(0)[0] * lr_scale[size_t(k)]), args.f32(1)[0],
                    float(decay[size_t(k)]), float(a.momentum), float(1 - a.dampening)};
      const float *p = args.f32(2 + k) + at, *g = args.f32(2 + n + k) + at;
      if (a.momentum == 0) {
        descend(p, g, args.out_f32(k) + at, count, r);
        return;
      }
      const auto step = a.nesterov ? descend_with_momentum<true> : descend_with_momentum<false>;
      step(p, g, args.f32(2 + 2 * n + k) + at, args.out_f32(k) + at, args.out_f32(n + k) + at,
           count, r);
    });
  };
  return {.run = run};
}

Cost cost(const Call& c) {
  const int n = tensor_count(c), groups = group_count(c);
  double elements = 0;
  for (int k = 0; k < n; ++k) elements += double(c.shape(2 + k).count());
  return {.flops = elements * (groups == 3 ? 8 : 4), .bytes = elements * 4 * (2 * groups - 1)};
}

std::vector<InPlace> in_place(const Call& c) {
  const int n = tensor_count(c);
  std::vector<InPlace> pairs;
  for (int k = 0; k < n; ++k) pairs.push_back({k, 2 + k});
  if (group_count(c) == 3)
    for (int k = 0; k < n; ++k) pairs.push_back({n + k, 2 + 2 * n + k});
  return pairs;
}

std::vector<Sample> samples() {
  const SampleInput lr(Shape{}, 0.01, 0.1), scale(Shape{}, 0.5, 1), a = Shape{3, 5}, b = Shape{1},
                                                                    big = Shape{130, 257};
  return {
      {{lr, scale, a, a}, {{"weight_decay", std::vector<double>{0.1}}}},
      {{lr, scale, a, b, a, b, a, b}, {{"momentum", 0.9}}},
      {{lr, scale, a, Shape{0}, a, Shape{0}, a, Shape{0}},
       {{"momentum", 0.9}, {"nesterov", true}, {"lr_scale", std::vector<double>{0.5, 2}}}},
      {{lr, scale, big, a, big, a, big, a},
       {{"momentum", 0.5}, {"dampening", 0.25}, {"weight_decay", std::vector<double>{0.1, 0}}}}};
}
}  // namespace

extern const Op op_sgd_update;
const Op op_sgd_update = {.name = "sgd_update",
                          .doc = "stochastic gradient descent step of all parameters, in place",
                          .min_inputs = 4,
                          .max_inputs = -1,
                          .attrs = fields_of<Sgd>,
                          .shape = shape,
                          .reference = reference,
                          .kernel = kernel,
                          .cost = cost,
                          .reach = reach_all,
                          .in_place = in_place,
                          .not_onnx = kOnnxUpdate,
                          .smooth = false,
                          .samples = samples()};
}  // namespace cambium::op_sgd_update
