// NWOT, the score of neural architecture search without training: how differently the examples of a
// batch switch the rectifiers. An example's code has a bit for each unit behind one: 1 where its
// input is above 0 (Mellor et al. 2021, arXiv 2006.04647v3, eq. 2). The kernel K [examples,
// examples] counts in how many units two codes agree; the score is log det K. Gates are relu,
// relu2, leaky_relu and the relu inside of norms and recurrences, wherever what they give has a
// row, or equally many rows, for each example; dropout between blocks is left out. No gates, or two
// examples with one code (a determinant of 0): no score.
#include <algorithm>
#include <cmath>

#include "ops/product/support/eigen.h"
#include "search/proxies/support/proxy.h"

namespace cambium::proxy_nwot {
namespace {
constexpr int64_t kMostExamples = 256;

// What hands one value on, changed by chance, is left out.
Graph without_chance(const Graph& g) {
  const std::optional<int> rng = g.find(Role::kInput, "rng");
  if (!rng) return g.clone();
  return rewrite(g,
                 [&](Graph&, int id, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   if (n.inputs.size() != 2 || n.inputs[1] != Port{*rng, 0}) return std::nullopt;
                   if (n.outputs.size() != 1 || g.type({id, 0}) != g.type(n.inputs[0]))
                     return std::nullopt;
                   return std::vector{in[0]};
                 });
}

// What a positively homogeneous function of one number is that treats the signs differently, as
// relu (max(x, 0)), its square and leaky_relu do and no smooth function does.
bool is_rectifier(const Op& op, const Attrs* attrs, Registry ops) {
  if (!op.range || op.min_inputs != 1 || op.max_inputs != 1) return false;
  Graph g(ops);
  const Value x = g.input("x", {DType::kF32, Shape{5}});
  const Value y = attrs ? g.emit(op.name, {x}, *attrs) : g.emit(op.name, {x});
  g.outputs = {{"y", port_of(y)}};
  const std::vector<double> f = interpret(g,
                                          [](const Node&) {
                                            return Ref{{-2, -1, 0, 1, 2}};
                                          })
                                    .outputs[0]
                                    .data;
  const auto doubles = [](double two, double one) { return two == 2 * one || two == 4 * one; };
  return f[2] == 0 && doubles(f[0], f[1]) && doubles(f[4], f[3]) &&
         std::abs(f[1]) != std::abs(f[3]);
}

// The operator that another one's option `activation` names; null where it names none.
const Op* applied_by(const Node& n, Registry ops) {
  const std::optional<ArgValue> activation = n.attrs.find("activation");
  const auto* name = activation ? std::get_if<std::string>(&activation->variant()) : nullptr;
  const auto found =
      std::ranges::find_if(ops, [&](const Op* op) { return name && op->name == *name; });
  return found == ops.end() ? nullptr : *found;
}

// Where the sign of a gate's input is seen: what relu gives is above 0 where its input is.
std::optional<Port> gate_of(const Node& n, int id, Registry ops) {
  if (n.role != Role::kOp) return std::nullopt;
  if (is_rectifier(*n.op, &n.attrs, ops)) return n.inputs[0];
  const Op* inner = applied_by(n, ops);
  if (inner && is_rectifier(*inner, nullptr, ops)) return Port{id, 0};
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
  Graph g = without_chance(model_graph(model.experiment(), model.batch_size(), true));
  const Examples examples(model.shape());
  g.outputs.clear();
  for (int id = 0; id < int(g.nodes().size()); ++id)
    if (const std::optional<Port> gate = gate_of(g.node(id), id, g.ops());
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
                          .needs = "rectifiers: relu, relu2 or leaky_relu",
                          .score = score};
}  // namespace cambium::proxy_nwot
