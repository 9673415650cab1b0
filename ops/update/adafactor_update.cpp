// adafactor_update(lr [], scale [], step i64 [], p1..pn, g1..gn, a1..an, b1..) -> p', a', b', all
// in place: squares of a matrix are kept as the means of its rows and columns. p [..., R, C] has a
// [..., R] and b [..., C]; a p of rank 0 or 1 has a like p, and no b.
//   g = scale g;  t = step^-beta2_decay;  a' = a + t (mean_c g^2 - a);  b' = b + t (mean_r g^2 -
//   b); v = a'_r b'_c / max(mean_r a', eps1), or a' + t (g^2 - a) without b;  u = g / sqrt(max(v,
//   eps1^2)) p' = p (1 - lr decay) - max(eps2, rms(p)) min(lr, step^-0.5) u / max(1, rms(u) / clip)
// with lr times the tensor's lr_scale. Shazeer and Stern 2018, arXiv 1804.04235.
#include <algorithm>
#include <cmath>

#include "ops/support/nan.h"
#include "ops/support/reach.h"
#include "ops/update/support/adafactor.h"
#include "ops/update/support/update.h"

namespace cambium::op_adafactor_update {
namespace {
constexpr int kFirst = 3;  // input of p1

std::vector<ValueType> shape(const Call& c) {
  const auto& a = c.as<AdafactorAttrs>();
  const int n = adafactor_tensors(c);
  require(c.has(2) && c.in[2].type() == ValueType{DType::kI64, {}}, "step must be i64 []");
  check_update_inputs(c, 2, kFirst, 2, n);
  per_tensor(a.weight_decay, n, 0, "weight_decay");
  per_tensor(a.lr_scale, n, 1, "lr_scale");
  int columns = kFirst + 3 * n;
  for (int k = 0; k < n; ++k) {
    const FactoredShape f(c.shape(kFirst + k));
    require(c.shape(kFirst + 2 * n + k) == f.row_shape, "the squares of tensor ", k, " are ",
            c.shape(kFirst + 2 * n + k), ", not ", f.row_shape);
    if (!f.factored) continue;
    require(c.shape(columns) == f.column_shape, "the columns of tensor ", k, " are ",
            c.shape(columns), ", not ", f.column_shape);
    ++columns;
  }
  std::vector<ValueType> types = types_of(c, kFirst, n);
  for (const ValueType& t : types_of(c, kFirst + 2 * n, c.inputs() - kFirst - 2 * n))
    types.push_back(t);
  return types;
}

struct TensorRefs {
  const Ref &p, &g, &a, *b;
  Ref &to, &to_a, *to_b;
};

double mean_square(const std::vector<double>& x) {
  double sum = 0;
  for (double v : x) sum += v * v;
  return x.empty() ? 0 : sum / double(x.size());
}

// v of every element; writes the new means.
std::vector<double> estimate(const FactoredShape& f, const TensorRefs& r, double scale, double t,
                             double eps1) {
  std::vector<double> v(r.p.data.size());
  if (!f.factored) {
    for (size_t i = 0; i < v.size(); ++i)
      v[i] = r.to_a.data[i] = (1 - t) * r.a.data[i] + t * std::pow(scale * r.g.data[i], 2);
    return v;
  }
  for (int64_t m = 0; m < f.batch; ++m) {
    const auto square = [&](int64_t row, int64_t column) {
      return std::pow(scale * r.g[(m * f.rows + row) * f.columns + column], 2);
    };
    double mean = 0;
    for (int64_t i = 0; i < f.rows; ++i) {
      double sum = 0;
      for (int64_t j = 0; j < f.columns; ++j) sum += square(i, j);
      const double old = r.a[m * f.rows + i];
      mean +=
          (r.to_a[m * f.rows + i] = (1 - t) * old + t * (sum / double(f.columns))) / double(f.rows);
    }
    for (int64_t j = 0; j < f.columns; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < f.rows; ++i) sum += square(i, j);
      const double old = (*r.b)[m * f.columns + j];
      (*r.to_b)[m * f.columns + j] = (1 - t) * old + t * (sum / double(f.rows));
    }
    for (int64_t i = 0; i < f.rows; ++i)
      for (int64_t j = 0; j < f.columns; ++j)
        v[size_t((m * f.rows + i) * f.columns + j)] =
            r.to_a[m * f.rows + i] * (*r.to_b)[m * f.columns + j] / std::max(mean, eps1);
  }
  return v;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& o = c.as<AdafactorAttrs>();
  const size_t n = size_t(adafactor_tensors(c));
  const auto decay = per_tensor(o.weight_decay, int(n), 0, ""),
             lr_scale = per_tensor(o.lr_scale, int(n), 1, "");
  const double step = in[2][0], t = std::pow(step, -o.beta2_decay);
  for (size_t k = 0, column = 0; k < n; ++k) {
    const FactoredShape f(c.shape(int(kFirst + k)));
    Ref none;
    const TensorRefs r{in[kFirst + k],
                       in[kFirst + n + k],
                       in[kFirst + 2 * n + k],
                       f.factored ? &in[kFirst + 3 * n + column] : nullptr,
                       out[k],
                       out[n + k],
                       f.factored ? &out[2 * n + column] : nullptr};
    column += f.factored;
    std::vector<double> u = estimate(f, r, in[1][0], t, o.eps1);
    for (size_t i = 0; i < u.size(); ++i)
      u[i] = in[1][0] * r.g.data[i] / std::sqrt(std::max(u[i], o.eps1 * o.eps1));
    const double lr = in[0][0] * lr_scale[k];
    const double size = larger(o.eps2, std::sqrt(mean_square(r.p.data))) *
                        std::min(lr, 1 / std::sqrt(step)) /
                        larger(1.0, std::sqrt(mean_square(u)) / o.clip);
    for (size_t i = 0; i < u.size(); ++i)
      r.to.data[i] = r.p.data[i] * (1 - lr * decay[k]) - size * u[i];
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto& o = c.as<AdafactorAttrs>();
  const int n = adafactor_tensors(c);
  const auto decay = per_tensor(o.weight_decay, n, 0, ""),
             lr_scale = per_tensor(o.lr_scale, n, 1, "");
  std::vector<FactoredShape> shapes;
  int64_t scratch_bytes = 0;
  for (int k = 0; k < n; ++k) {
    shapes.emplace_back(c.shape(kFirst + k));
    scratch_bytes = std::max(scratch_bytes, shapes.back().scratch_bytes());
  }
  const auto run = [=](const KernelArgs& args) {
    const double step = double(args.i64(2)[0]);
    for (int k = 0, column = 0; k < n; ++k) {
      const bool factored = shapes[size_t(k)].factored;
      const int b = kFirst + 3 * n + column, to_b = 2 * n + column;
      column += factored;
      adafactor_step(shapes[size_t(k)],
                     {.p = args.f32(kFirst + k),
                      .g = args.f32(kFirst + n + k),
                      .a = args.f32(kFirst + 2 * n + k),
                      .b = factored ? args.f32(b) : nullptr,
                      .to = args.out_f32(k),
                      .to_a = args.out_f32(n + k),
                      .to_b = factored ? args.out_f32(to_b) : nullptr,
                      .scratch = args.scratch},
                     {.scale = args.f32(1)[0],
                      .lr = double(args.f32(0)[0]) * lr_scale[size_t(k)],
                      .decay = decay[size_t(k)],
                      .step = step,
                      .t = std::pow(step, -o.beta2_decay)},
                     o);
    }
  };
  return {.run = run, .scratch_bytes = scratch_bytes};
}

Cost cost(const Call& c) {
  double elements = 0;
  for (int k = 0; k < adafactor_tensors(c); ++k) elements += double(c.shape(kFirst + k).count());
  return {.flops = 15 * elements, .bytes = 28 * elements};  // g is read thrice, p twice
}

std::vector<InPlace> in_place(const Call& c) {
  const int n = adafactor_tensors(c);
  std::vector<InPlace> pairs;
  for (int k = 0; k < n; ++k) pairs.push_back({k, kFirst + k});
  for (int k = 0; k < c.inputs() - kFirst - 2 * n; ++k)
    pairs.push_back({n + k, kFirst + 2 * n + k});
  return pairs;
}

std::vector<Sample> samples() {
  const SampleInput lr(Shape{}, 0.01, 0.1), scale(Shape{}, 0.5, 1), step(DType::kI64, {}, 2, 50),
      first(DType::kI64, {}, 1, 2), a = Shape{3, 5}, v = Shape{7}, none = Shape{0},
                                    kernels = Shape{3, 70, 9}, big = Shape{130, 257};
  const auto square = [](Shape s) { return SampleInput(s, 0.1, 2); };
  using List = std::vector<double>;
  return {{{lr, scale, step, a, a, square({3}), square({5})}},
          {{lr, scale, first, v, a, v, a, square({7}), square({3}), square({5})},
           {{"weight_decay", List{0, 0.1}}, {"lr_scale", List{0.5, 20}}}},
          {{lr, scale, step, none, kernels, none, kernels, square({0}), square({3, 70}),
            square({3, 9})},
           {{"clip", 0.5}}},
          {{lr, scale, step, big, big, square({130}), square({257})}, {{"beta2_decay", 0.5}}},
          {{lr, scale, step, Shape{}, Shape{1, 1}, Shape{}, Shape{1, 1}, square({}), square({1}),
            square({1})}}};
}
}  // namespace

extern const Op op_adafactor_update;
const Op op_adafactor_update = {.name = "adafactor_update",
                                .doc = "Adafactor step of all parameters, in place",
                                .min_inputs = 6,
                                .max_inputs = -1,
                                .attrs = fields_of<AdafactorAttrs>,
                                .shape = shape,
                                .reference = reference,
                                .kernel = kernel,
                                .cost = cost,
                                .reach = reach_all,
                                .in_place = in_place,
                                .not_onnx = kOnnxUpdate,
                                .smooth = false,
                                .samples = samples()};
}  // namespace cambium::op_adafactor_update
