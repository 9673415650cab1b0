// lamb_update(lr [], scale [], step i64 [], p1..pn, g1..gn, m1..mn, v1..vn) -> p', m', v', all in
// place: Adam whose step of each tensor is as long as the tensor's norm says.
//   g = scale g;  m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
//   r = (m' / (1 - b1^step)) / (sqrt(v' / (1 - b2^step)) + eps) + decay p;
//   p' = p - lr trust r,  trust = |p| / |r| where the tensor adapts and both norms are above 0,
//   else
//   1
// Norms are summed in double over fixed pieces, in order. You et al. 2020, arXiv 1904.00962,
// algorithm 2 with phi(x) = x.
#include <cmath>

#include "ops/support/reach.h"
#include "ops/update/support/update.h"

namespace cambium::op_lamb_update {
namespace {
struct Lamb {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-6;
  std::vector<double> weight_decay, lr_scale, adapts;
  static constexpr auto fields = std::tuple{
      field("beta1", &Lamb::beta1, "decay of the mean gradient").in(0, 1),
      field("beta2", &Lamb::beta2, "decay of the mean squared gradient").in(0, 1),
      field("eps", &Lamb::eps, "added to the root").in(0),
      field("weight_decay", &Lamb::weight_decay, "decay of each tensor; empty: 0").in(0),
      field("lr_scale", &Lamb::lr_scale, "factor on lr of each tensor; empty: 1").in(0),
      field("adapts", &Lamb::adapts, "1: the tensor's step follows its norm; empty: all").in(0, 1)};
};

constexpr int kFirst = 3;  // input of p1

int tensor_count(const Call& c) {
  return (c.inputs() - kFirst) / 4;
}

std::vector<ValueType> shape(const Call& c) {
  const auto& a = c.as<Lamb>();
  const int n = tensor_count(c);
  require((c.inputs() - kFirst) % 4 == 0, c.inputs() - kFirst,
          " tensors are not 4 groups of one size (p, g, m, v)");
  require(c.has(2) && c.in[2].type() == ValueType{DType::kI64, {}}, "step must be i64 []");
  check_update_inputs(c, 2, kFirst, 4, n);
  per_tensor(a.weight_decay, n, 0, "weight_decay");
  per_tensor(a.lr_scale, n, 1, "lr_scale");
  per_tensor(a.adapts, n, 1, "adapts");
  std::vector<ValueType> types = types_of(c, kFirst, n);
  for (const ValueType& t : types_of(c, kFirst + 2 * n, 2 * n)) types.push_back(t);
  return types;
}

double trust_of(bool adapts, double p_square, double r_square) {
  return adapts && p_square > 0 && r_square > 0 ? std::sqrt(p_square / r_square) : 1;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Lamb>();
  const size_t n = size_t(tensor_count(c));
  const auto decay = per_tensor(a.weight_decay, int(n), 0, ""),
             lr_scale = per_tensor(a.lr_scale, int(n), 1, ""),
             adapts = per_tensor(a.adapts, int(n), 1, "");
  const double step = in[2][0];
  for (size_t k = 0; k < n; ++k) {
    const Ref& p = in[kFirst + k];
    std::vector<double> r(p.data.size());
    double p_square = 0, r_square = 0;
    for (int64_t i = 0; i < p.size(); ++i) {
      const double g = in[1][0] * in[kFirst + n + k][i];
      const double m = a.beta1 * in[kFirst + 2 * n + k][i] + (1 - a.beta1) * g;
      const double v = a.beta2 * in[kFirst + 3 * n + k][i] + (1 - a.beta2) * g * g;
      out[n + k][i] = m;
      out[2 * n + k][i] = v;
      r[size_t(i)] = m / (1 - std::pow(a.beta1, step)) /
                         (std::sqrt(v / (1 - std::pow(a.beta2, step))) + a.eps) +
                     decay[k] * p[i];
      p_square += p[i] * p[i];
      r_square += r[size_t(i)] * r[size_t(i)];
    }
    const double lr = in[0][0] * lr_scale[k] * trust_of(adapts[k] > 0, p_square, r_square);
    for (int64_t i = 0; i < p.size(); ++i) out[k][i] = p[i] - lr * r[size_t(i)];
  }
}

struct Rates {
  float scale, beta1, beta2, new1, new2, mean, correction, eps, decay;

  [[gnu::always_inline]] float direction(float p, float m, float v) const {
    return mean * m / (std::sqrt(correction * v) + eps) + decay * p;
  }
};

struct Squares {
  double p = 0, r = 0;
};

// New moments, and the squares of p and r.
CAMBIUM_SIMD Squares look(const float* p, const float* g, const float* m, const float* v,
                          float* to_m, float* to_v, int64_t n, Rates rates) {
  constexpr int64_t kChains = 16;
  double p_square[kChains] = {}, r_square[kChains] = {};
  for (int64_t begin = 0; begin < n; begin += kChains) {
    const int64_t width = n - begin < kChains ? n - begin : kChains;
#pragma GCC ivdep
    for (int64_t l = 0; l < width; ++l) {
      const int64_t i = begin + l;
      const float gi = rates.scale * g[i], pi = p[i];
      const float mi = rates.beta1 * m[i] + rates.new1 * gi;
      const float vi = rates.beta2 * v[i] + rates.new2 * gi * gi;
      to_m[i] = mi;
      to_v[i] = vi;
      const float r = rates.direction(pi, mi, vi);
      p_square[l] += double(pi) * double(pi);
      r_square[l] += double(r) * double(r);
    }
  }
  Squares sum;
  for (int64_t l = 0; l < kChains; ++l) {
    sum.p += p_square[l];
    sum.r += r_square[l];
  }
  return sum;
}

CAMBIUM_SIMD void go(const float* p, const float* m, const float* v, float* to, int64_t n, float lr,
                     Rates rates) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) to[i] = p[i] - lr * rates.direction(p[i], m[i], v[i]);
}

class LambKernel {
 public:
  explicit LambKernel(const Call& c)
      : a_(c.as<Lamb>()),
        n_(tensor_count(c)),
        decay_(per_tensor(a_.weight_decay, n_, 0, "")),
        lr_scale_(per_tensor(a_.lr_scale, n_, 1, "")),
        adapts_(per_tensor(a_.adapts, n_, 1, "")),
        chunks_(c, kFirst, n_) {}

  // One pair of squares a piece, then the trust of each tensor.
  int64_t scratch_bytes() const {
    return chunks_.pieces() * int64_t(sizeof(Squares)) + n_ * int64_t(sizeof(double));
  }

  void operator()(const KernelArgs& args) const {
    auto* squares = reinterpret_cast<Squares*>(args.scratch);
    auto* trust = reinterpret_cast<double*>(squares + chunks_.pieces());
    chunks_.each_numbered([&](int64_t number, UpdatePiece piece) {
      const int k = piece.tensor;
      const int64_t at = piece.begin;
      squares[number] = look(args.f32(kFirst + k) + at, args.f32(kFirst + n_ + k) + at,
                             args.f32(kFirst + 2 * n_ + k) + at, args.f32(kFirst + 3 * n_ + k) + at,
                             args.out_f32(n_ + k) + at, args.out_f32(2 * n_ + k) + at,
                             piece.end - at, rates(args, k));
    });
    for (int64_t i = 0, k = 0; k < n_; ++k) {
      Squares sum;
      for (; i < chunks_.pieces() && chunks_.piece(i).tensor == k; ++i) {
        sum.p += squares[i].p;
        sum.r += squares[i].r;
      }
      trust[k] = trust_of(adapts_[size_t(k)] > 0, sum.p, sum.r);
    }
    chunks_.each([&](UpdatePiece piece) {
      const int k = piece.tensor;
      const int64_t at = piece.begin;
      const double lr = double(args.f32(0)[0]) * lr_scale_[size_t(k)] * trust[k];
      go(args.f32(kFirst + k) + at, args.out_f32(n_ + k) + at, args.out_f32(2 * n_ + k) + at,
         args.out_f32(k) + at, piece.end - at, float(lr), rates(args, k));
    });
  }

 private:
  Rates rates(const KernelArgs& args, int k) const {
    const double step = double(args.i64(2)[0]);
    return {.scale = args.f32(1)[0],
            .beta1 = float(a_.beta1),
            .beta2 = float(a_.beta2),
            .new1 = float(1 - a_.beta1),
            .new2 = float(1 - a_.beta2),
            .mean = float(1 / (1 - std::pow(a_.beta1, step))),
            .correction = float(1 / (1 - std::pow(a_.beta2, step))),
            .eps = float(a_.eps),
            .decay = float(decay_[size_t(k)])};
  }

  Lamb a_;
  int n_;
  std::vector<double> decay_, lr_scale_, adapts_;
  UpdateChunks chunks_;
};

Kernel kernel(const Call& c, Engine&) {
  const LambKernel lamb(c);
  return {.run = lamb, .scratch_bytes = lamb.scratch_bytes()};
}

Cost cost(const Call& c) {
  double elements = 0;
  for (int k = 0; k < tensor_count(c); ++k) elements += double(c.shape(kFirst + k).count());
  return {.flops = 26 * elements, .bytes = 40 * elements};  // p, m' and v' are read twice
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
  using List = std::vector<double>;
  return {{{lr, scale, step, a, a, a, square({3, 5})}},
          {{lr, scale, step, a, one, a, one, a, one, square({3, 5}), square({1})},
           {{"adapts", List{0, 1}}, {"weight_decay", List{0.1, 0}}}},
          {{lr, scale, step, none, a, none, a, none, a, square({0}), square({3, 5})},
           {{"weight_decay", List{0.1, 0.5}}, {"lr_scale", List{0.5, 2}}}},
          {{lr, scale, step, big, a, big, a, big, a, square({130, 257}), square({3, 5})},
           {{"beta1", 0.8}, {"beta2", 0.95}}}};
}
}  // namespace

extern const Op op_lamb_update;
const Op op_lamb_update = {.name = "lamb_update",
                           .doc = "LAMB step of all parameters, in place",
                           .min_inputs = 7,
                           .max_inputs = -1,
                           .attrs = fields_of<Lamb>,
                           .shape = shape,
                           .reference = reference,
                           .kernel = kernel,
                           .cost = cost,
                           .reach = reach_all,
                           .in_place = in_place,
                           .not_onnx = kOnnxUpdate,
                           .smooth = false,
                           .samples = samples()};
}  // namespace cambium::op_lamb_update
