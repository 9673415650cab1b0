// NWOT, the score of neural architecture search without training: how differently the examples of a
// batch switch the rectifiers. An example's code has a bit for each unit behind one: 1 where its
// input is above 0 (Mellor et al. 2021, arXiv 2006.04647v3, eq. 2). The kernel K [examples,
// examples] counts in how many units two codes agree; the score is log det K. Gates are relu,
// relu2, leaky_relu, prelu and the relu inside of norms and recurrences, wherever what they give
// has a row, or equally many rows, for each example; dropout is left out. No gates, or two examples
// with one code (a determinant of 0): no score.
#include <algorithm>
#include <cmath>

#include "ops/product/support/eigen.h"
#include "search/proxies/support/proxy.h"

namespace cambium::proxy_nwot {
namespace {
constexpr int64_t kMostExamples = 256;

Graph without_dropout(const Graph& g) {
  return rewrite(g,
                 [](Graph&, int, const Node& n,
                    std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   if (n.kind() != "dropout") return std::nullopt;
                   return std::vector{in[0]};
                 });
}

// Where the sign of a gate's input is seen: a rectifier's result is above 0 where its input is.
std::optional<Port> gate_of(const Node& n, int id) {
  constexpr std::string_view kGates[] = {"relu", "relu2", "leaky_relu", "prelu"};
  if (n.role != Role::kOp) return std::nullopt;
  if (std::ranges::count(kGates, n.kind())) return n.inputs[0];
  const std::optional<ArgValue> activation = n.attrs.find("activation");
  const auto* name = activation ? std::get_if<std::string>(&activation->variant()) : nullptr;
  if (name && *name == "relu") return Port{id, 0};
  return std::nullopt;
}

// Graphs of one batch have equally many places for nodes; of one graph every node is an example.
struct Examples {
  int64_t count, rows;  // rows: of x's first axis

  explicit Examples(const DataShape& s)
      : count(s.domain == Domain::kGraph && s.graphs > 1 ? s.graphs : s.x.shape[0]),
        rows(s.x.shape[0]) {}

  bool has(const ValueType& t) const {
    return t.dtype == DType::kF32 && t.shape.rank() > 1 &&
           (t.shape[0] == count || t.shape[0] == rows) && t.shape.count() > 0;
  }
};

// Adds to kernel [n,n] in how many of these units the first n of `all` examples agree.
void count_agreement(const std::vector<float>& values, int64_t all, int64_t n,
                     std::vector<double>& kernel) {
  const auto units = int64_t(values.size()) / all;
  std::vector<double> code(size_t(n * units)), products(size_t(n * n)), ones(size_t(n), 0.0);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t u = 0; u < units; ++u)
      ones[size_t(i)] += code[size_t(i * units + u)] = values[size_t(i * units + u)] > 0;
  multiply_f64(n, n, units, code.data(), false, code.data(), true, products.data());
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      kernel[size_t(i * n + j)] +=
          double(units) - ones[size_t(i)] - ones[size_t(j)] + 2 * products[size_t(i * n + j)];
}

std::optional<double> score(const Untrained& model) {
  Graph g = without_dropout(model_graph(model.experiment(), model.batch_size(), true));
  const Examples examples(model.shape());
  g.outputs.clear();
  for (int id = 0; id < int(g.nodes().size()); ++id)
    if (const std::optional<Port> gate = gate_of(g.node(id), id);
        gate && examples.has(g.type(*gate)))
      g.outputs.push_back({str("gate ", id), *gate});
  const int64_t n = std::min(examples.count, kMostExamples);
  if (g.outputs.empty() || n < 2) return std::nullopt;
  std::vector<double> kernel(size_t(n * n)), lower(size_t(n * n));
  for (const std::vector<float>& values : model.run(std::move(g)))
    count_agreement(values, examples.count, n, kernel);
  if (!cholesky_f64(n, kernel.data(), lower.data())) return std::nullopt;
  double out = 0;
  for (int64_t i = 0; i < n; ++i) out += 2 * std::log(lower[size_t(i * n + i)]);
  return out;
}
}  // namespace

extern const Proxy proxy_nwot;
const Proxy proxy_nwot = {.name = "nwot",
                          .doc = "how differently a batch's examples switch the rectifiers",
                          .paper = "Mellor et al. 2021, ICML, arXiv 2006.04647v3",
                          .needs = "rectifiers: relu, relu2, leaky_relu or prelu",
                          .score = score};
}  // namespace cambium::proxy_nwot
