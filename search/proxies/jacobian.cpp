// Jacobian covariance: how differently the examples of a batch move the outputs. Rows are the
// gradients of the sum of the outputs by what each example brings (of ids: by what the first
// operator makes of them); the score is - sum (log(v + k) + 1 / (v + k)) over the eigenvalues v of
// the rows' correlations, k = 1e-5: at
// best minus the number of rows, where none correlate.
#include <cmath>

#include "ops/product/support/eigen.h"
#include "search/proxies/support/proxy.h"

namespace cambium::proxy_jacobian {
namespace {
constexpr int64_t kMostRows = 256;
constexpr double kLeast = 1e-5;

// The first real numbers that are made of x.
Value entrance(Graph& g) {
  const std::optional<int> x = g.find(Role::kInput, "x");
  if (!x) return {};
  if (g.type({*x, 0}).dtype == DType::kF32) return g.value({*x, 0});
  for (int id = *x + 1; id < int(g.nodes().size()); ++id)
    for (const Port& p : g.node(id).inputs)
      if (p == Port{*x, 0} && g.type({id, 0}).dtype == DType::kF32) return g.value({id, 0});
  return {};
}

int64_t rows_of(const DataShape& shape) {
  if (shape.domain != Domain::kGraph) return shape.x.shape[0];
  return shape.graphs > 1 ? shape.graphs : shape.x.shape[0];
}

// [n,n], of the first n of `all` rows; none where a row does not vary.
std::optional<std::vector<double>> correlations(const std::vector<float>& values, int64_t all,
                                                int64_t n) {
  const auto width = int64_t(values.size()) / all;
  std::vector<double> rows(size_t(n * width)), out(size_t(n * n));
  for (int64_t i = 0; i < n; ++i) {
    double mean = 0, squares = 0;
    for (int64_t k = 0; k < width; ++k)
      mean += double(values[size_t(i * width + k)]) / double(width);
    for (int64_t k = 0; k < width; ++k) {
      double& v = rows[size_t(i * width + k)];
      v = double(values[size_t(i * width + k)]) - mean;
      squares += v * v;
    }
    if (!(squares > 0) || !std::isfinite(squares)) return std::nullopt;
    for (int64_t k = 0; k < width; ++k) rows[size_t(i * width + k)] /= std::sqrt(squares);
  }
  multiply_f64(n, n, width, rows.data(), false, rows.data(), true, out.data());
  return out;
}

std::optional<double> score(const Untrained& model) {
  Graph g = model_graph(model.experiment(), model.batch_size(), true);
  const Value from = entrance(g);
  if (!from) return std::nullopt;
  const Value sum = g.emit("reduce_sum", {g.value(g.outputs[0].port)});
  const std::vector<Value> d = grad(sum, std::vector{from});
  if (!d[0]) return std::nullopt;
  g.outputs = {{"slopes", port_of(d[0])}};
  const std::vector<float> slopes = model.run(std::move(g))[0];
  const int64_t all = rows_of(model.shape()), n = std::min(all, kMostRows);
  if (n < 2 || slopes.empty()) return std::nullopt;
  const std::optional<std::vector<double>> c = correlations(slopes, all, n);
  if (!c) return std::nullopt;
  std::vector<double> values(static_cast<size_t>(n)), vectors(size_t(n * n));
  symmetric_eigen(n, c->data(), values.data(), vectors.data());
  double out = 0;
  for (const double v : values) {
    const double raised = std::max(v, 0.0) + kLeast;
    out -= std::log(raised) + 1 / raised;
  }
  return out;
}
}  // namespace

extern const Proxy proxy_jacobian;
const Proxy proxy_jacobian = {
    .name = "jacobian",
    .doc = "how little the slopes of a batch's examples correlate",
    .paper = "Mellor et al. 2020, arXiv 2006.04647v1; jacob_cov of Abdelfattah et al. 2021",
    .score = score};
}  // namespace cambium::proxy_jacobian
