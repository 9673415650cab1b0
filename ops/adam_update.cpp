// adam_update(lr [], scale [], step i64 [], p1..pn, g1..gn, m1..mn, v1..vn) -> p', m', v', all in
// place. step counts from 1.
//   g = scale g (+ decay p unless decoupled);  m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
//   p' = p (1 - lr decay if decoupled) - lr (m' / (1 - b1^step)) / (sqrt(v' / (1 - b2^step)) + eps)
// with lr times the tensor's lr_scale. Kingma and Ba 2015, arXiv 1412.6980; decoupled decay:
// Loshchilov and Hutter 2019, arXiv 1711.05101. The corrections are computed in double per step.
#include <cmath>

#include "ops/support/update.h"

namespace cambium {
namespace {
struct Adam {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  bool decoupled = true;
  std::vector<double> weight_decay, lr_scale;
  static constexpr auto fields =
      std::tuple{field("beta1", &Adam::beta1, "decay of the mean gradient").in(0, 1),
                 field("beta2", &Adam::beta2, "decay of the mean squared gradient").in(0, 1),
                 field("eps", &Adam::eps, "added to the root").in(0),
                 field("decoupled", &Adam::decoupled, "decay apart from the gradient (AdamW)"),
                 field("weight_decay", &Adam::weight_decay, "decay of each tensor; empty: 0").in(0),
                 field("lr_scale", &Adam::lr_scale, "factor on lr of each tensor; empty: 1").in(0)};
};

constexpr int kFirst = 3;  // input of p1

int tensor_count(const Call& c) {
  return (c.inputs() - kFirst) / 4;
}

std::vector<ValueType> shape(const Call& c) {
  const auto& a = c.as<Adam>();
  const int n = tensor_count(c);
  require((c.inputs() - kFirst) % 4 == 0, c.inputs() - kFirst,
          " tensors are not 4 groups of one size (p, g, m, v)");
  require(c.has(2) && c.in[2].type() == ValueType{DType::kI64, {}}, "step must be i64 []");
  check_update_inputs(c, 2, kFirst, 4, n);
  per_tensor(a.weight_decay, n, 0, "weight_decay");
  per_tensor(a.lr_scale, n, 1, "lr_scale");
  std::vector<ValueType> types = types_of(c, kFirst, n);
  for (const ValueType& t : types_of(c, kFirst + 2 * n, 2 * n)) types.push_back(t);
  return types;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Adam>();
  const size_t n = size_t(tensor_count(c));
  const auto decay = per_tensor(a.weight_decay, int(n), 0, ""),
             lr_scale = per_tensor(a.lr_scale, int(n), 1, "");
  const double step = in[2][0];
  for (size_t k = 0; k < n; ++k)
    for (int64_t i = 0; i < in[kFirst + k].size(); ++i) {
      const double p = in[kFirst + k][i], lr = in[0][0] * lr_scale[k];
      const double g = in[1][0] * in[kFirst + n + k][i] + (a.decoupled ? 0 : decay[k] * p);
      const double m = a.beta1 * in[kFirst + 2 * n + k][i] + (1 - a.beta1) * g;
      const double v = a.beta2 * in[kFirst + 3 * n + k][i] + (1 - a.beta2) * g * g;
      const double mean = m / (1 - std::pow(a.beta1, step));
      const double square = v / (1 - std::pow(a.beta2, step));
      out[n + k][i] = m;
      out[2 * n + k][i] = v;
      out[k][i] =
          p * (a.decoupled ? 1 - lr * decay[k] : 1) - lr * mean / (std::sqrt(square) + a.eps);
    }
}

struct Rates {
  float scale, decay, keep;        // decay: into the gradient; keep: 1 - lr decay when decoupled
  float beta1, beta2, new1, new2;  // new = 1 - beta
  float size;                      // lr / (1 - b1^step)
  float correction;                // 1 / (1 - b2^step)
  float eps;
};

CAMBIUM_SIMD void adapt(const float* p, const float* g, const float* m, const float* v, float* to,
                        float* to_m, float* to_v, int64_t n, Rates r) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float gi = r.scale * g[i] + r.decay * p[i];
    const float mi = r.beta1 * m[i] + r.new1 * gi;
    const float vi = r.beta2 * v[i] + r.new2 * gi * gi;
    to_m[i] = mi;
    to_v[i] = vi;
    to[i] = r.keep * p[i] - r.size * mi / (std::sqrt(r.correction * vi) + r.eps);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto& a = c.as<Adam>();
  const int n = tensor_count(c);
  const auto decay = per_tensor(a.weight_decay, n, 0, ""),
             lr_scale = per_tensor(a.lr_scale, n, 1, "");
  const auto run = [=, chunks = UpdateChunks(c, kFirst, n)](const KernelArgs& args) {
    const double step = double(args.i64(2)[0]);
    const double bias1 = 1 - std::pow(a.beta1, step), bias2 = 1 - std::pow(a.beta2, step);
    chunks.each([&](UpdatePiece piece) {
      const int k = piece.tensor;
      const double lr = double(args.f32(0)[0]) * lr_scale[size_t(k)], d = decay[size_t(k)];
      const Rates r{.scale = args.f32(1)[0],
                    .decay = a.decoupled ? 0 : float(d),
                    .keep = a.decoupled ? float(1 - lr * d) : 1,
                    .beta1 = float(a.beta1),
                    .beta2 = float(a.beta2),
                    .new1 = float(1 - a.beta1),
                    .new2 = float(1 - a.beta2),
                    .size = float(lr / bias1),
                    .correction = float(1 / bias2),
                    .eps = float(a.eps)};
      const int64_t at = piece.begin;
      adapt(args.f32(kFirst + k) + at, args.f32(kFirst + n + k) + at,
            args.f32(kFirst + 2 * n + k) + at, args.f32(kFirst + 3 * n + k) + at,
            args.out_f32(k) + at, args.out_f32(n + k) + at, args.out_f32(2 * n + k) + at,
            piece.end - at, r);
    });
  };
  return {.run = run};
}

Cost cost(const Call& c) {
  double elements = 0;
  for (int k = 0; k < tensor_count(c); ++k) elements += double(c.shape(kFirst + k).count());
  return {.flops = 15 * elements, .bytes = 28 * elements};
}

std::vector<InPlace> in_place(const Call& c) {
  const int n = tensor_count(c);
  std::vector<InPlace> pairs;
  for (int k = 0; k < n; ++k) pairs.push_back({k, kFirst + k});
  for (int k = 0; k < 2 * n; ++k) pairs.push_back({n + k, kFirst + 2 * n + k});
  return pairs;
}

std::vector<Sample> samples() {
  const SampleInput lr(Shape{}, 0.01, 0.1), scale(Shape{}, 0.5, 1), step(DType::kI64, {}, 1, 50),
      a = Shape{3, 5}, one = Shape{1}, none = Shape{0}, big = Shape{130, 257};
  const auto square = [](Shape s) { return SampleInput(s, 0.1, 2); };
  return {{{lr, scale, step, a, a, a, square({3, 5})}, {}},
          {{lr, scale, step, a, one, a, one, a, one, square({3, 5}), square({1})},
           {{"decoupled", false}, {"weight_decay", std::vector<double>{0.1, 0}}}},
          {{lr, scale, step, none, a, none, a, none, a, square({0}), square({3, 5})},
           {{"weight_decay", std::vector<double>{0.1, 0.5}},
            {"lr_scale", std::vector<double>{0.5, 2}}}},
          {{lr, scale, step, big, a, big, a, big, a, square({130, 257}), square({3, 5})},
           {{"beta1", 0.8}, {"beta2", 0.95}, {"eps", 1e-6}}}};
}
}  // namespace

extern const Op op_adam_update;
const Op op_adam_update = {.name = "adam_update",
                           .doc = "Adam or AdamW step of all parameters, in place",
                           .min_inputs = 7,
                           .max_inputs = -1,
                           .attrs = fields_of<Adam>,
                           .shape = shape,
                           .reference = reference,
                           .kernel = kernel,
                           .cost = cost,
                           .in_place = in_place,
                           .smooth = false,
                           .samples = samples()};
}  // namespace cambium
