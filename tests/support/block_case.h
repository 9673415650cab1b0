// BlockCase: a block list built from YAML text on an input of a given domain, and run through the
// references in double.
#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>

#include "blocks/compose/model.h"
#include "core/rng.h"
#include "ops/ops.h"
#include "tests/support/slope.h"

namespace cambium {
// A directed graph with edges i -> i+1 and a few random ones; the last node hears nobody.
inline std::shared_ptr<const Adjacency> sample_adjacency(int64_t nodes, int64_t edges) {
  Random random(7, stream_of("adjacency"));
  std::vector<Edge> list;
  for (int64_t i = 0; i + 2 < nodes; ++i) list.emplace_back(int32_t(i), int32_t(i + 1));
  while (int64_t(list.size()) < edges && nodes > 1)
    list.emplace_back(random.below(uint32_t(nodes)), random.below(uint32_t(nodes - 1)));
  return std::make_shared<const Adjacency>(make_adjacency(nodes, list, false));
}

class BlockCase {
 public:
  using Data = std::map<std::string, Ref>;  // leaf name -> its numbers

  struct Options {
    bool training = true;
    std::string define = "";
    int64_t graphs = 1;
    std::shared_ptr<const Adjacency> adjacency = nullptr;  // null: a sample
    std::function<bool(const std::string&)> still = {};    // Builder::still
  };

  // `yaml` is a list of entries. Throws what build_model throws.
  BlockCase(const std::string& yaml, Domain domain, const Shape& shape)
      : BlockCase(yaml, domain, shape, Options()) {}

  BlockCase(const std::string& yaml, Domain domain, const Shape& shape, const Options& o)
      : graph(builtin_ops()), model_(parse_yaml(yaml, "model.yaml")) {
    InputShape input{domain, {}, o.graphs};
    input.inputs = {{"x", {domain == Domain::kIds ? DType::kI32 : DType::kF32, shape}}};
    if (domain == Domain::kGraph) {
      adjacency_ = o.adjacency ? o.adjacency : sample_adjacency(shape[0], 2 * shape[0]);
      if (yaml.find("link:") != yaml.npos)
        input.inputs.push_back({"pairs", {DType::kI32, Shape{3, 2}}});
      if (yaml.find("edges: true") != yaml.npos)
        input.inputs.push_back({"edges", {DType::kF32, Shape{adjacency_->edges, 3}}});
      input.inputs.push_back(
          {"adjacency", {DType::kAdjacency, Shape{shape[0], shape[0], adjacency_->edges}}});
    }
    in = build_input(graph, input);
    if (!o.define.empty()) define_ = parse_yaml(o.define, "define.yaml");
    Builder builder(graph, vars_, o.training);
    builder.still = o.still;
    out = build_model(builder, model_, o.define.empty() ? nullptr : &define_, in);
    blocks = std::move(builder.blocks);
    graph.outputs = {{"y", port_of(out.x)}};
  }

  // Random numbers for every leaf: what keeps a norm or a running variance sensible.
  Data data(uint64_t seed) const {
    Data all;
    for (const Node& n : graph.nodes()) {
      if (n.op || n.role == Role::kConstant) continue;
      const std::string& name = n.scope.path;
      Random random(seed, stream_of(name));
      Ref r;
      if (n.outputs[0].dtype == DType::kAdjacency) r.adjacency = adjacency_.get();
      const int64_t count = r.adjacency ? 0 : n.outputs[0].shape.count();
      for (int64_t i = 0; i < count; ++i)
        r.data.push_back(n.outputs[0].dtype == DType::kF32 ? number(n, random) : random.below(2));
      all[name] = std::move(r);
    }
    return all;
  }

  std::vector<double> run(const Data& leaves) const {
    return interpret(graph, [&](const Node& n) { return leaves.at(n.scope.path); }).outputs[0].data;
  }

  std::vector<Value> parameters() {
    std::vector<Value> out_list;
    for (int id = 0; const Node& n : graph.nodes()) {
      if (n.role == Role::kParameter) out_list.push_back(graph.value({id, 0}));
      ++id;
    }
    return out_list;
  }

  const std::shared_ptr<const Adjacency>& adjacency() const { return adjacency_; }  // of graphs

  Graph graph;
  Stream in, out;
  std::map<std::string, const Block*> blocks;  // those that were built, by path

 private:
  static double number(const Node& n, Random& random) {
    const std::string_view name = n.scope.path;
    const double x = random.normal();
    if (name.ends_with("running_var")) return 0.5 + x * x;
    if (name.ends_with("gamma")) return 1 + 0.3 * x;
    return n.role == Role::kInput ? x : 0.5 * x;
  }

  Yaml model_, define_;
  Vars vars_;
  std::shared_ptr<const Adjacency> adjacency_;
};

// The gradient of loss = sum(w * y) along one random direction over all parameters and the input,
// as grad() builds it, against central differences (slope.h).
inline double block_gradient_error(BlockCase& c, uint64_t seed) {
  Graph& g = c.graph;
  BlockCase::Data at = c.data(seed), along;
  Random random(seed, stream_of("direction"));
  std::vector<Value> wrt = c.parameters();
  if (c.in.x.type().dtype == DType::kF32) wrt.push_back(c.in.x);
  for (Value v : wrt) {
    Ref& r = along[g.node(v.node).scope.path];
    for (int64_t i = 0; i < v.shape().count(); ++i) r.data.push_back(random.normal());
  }
  for (int64_t i = 0; i < c.out.shape().count(); ++i) at["w"].data.push_back(random.normal());
  const Value w = g.input("w", c.out.x.type());
  const Value loss = g.emit("reduce_sum", {g.emit("mul", {c.out.x, w})});
  g.outputs = {{"loss", port_of(loss)}};
  const Graph forward = g.clone();
  const auto loss_at = [&](double step) {
    auto moved = at;
    for (auto& [name, direction] : along)
      for (int64_t k = 0; k < direction.size(); ++k) moved[name][k] += step * direction[k];
    return interpret(forward, [&](const Node& n) { return moved.at(n.scope.path); }).outputs[0][0];
  };
  const std::vector<Value> gradients = grad(loss, wrt);
  g.outputs.clear();
  std::vector<std::string> names;
  for (size_t i = 0; i < wrt.size(); ++i)
    if (gradients[i]) {
      names.push_back(g.node(wrt[i].node).scope.path);
      g.outputs.push_back({names.back(), port_of(gradients[i])});
    }
  const Interpreted d = interpret(g, [&](const Node& n) { return at.at(n.scope.path); });
  double analytic = 0;
  for (size_t i = 0; i < names.size(); ++i)
    for (int64_t k = 0; k < d.outputs[i].size(); ++k)
      analytic += d.outputs[i][k] * along.at(names[i])[k];
  return slope_error(analytic, loss_at);
}

struct BlockTrial {  // one sample of one registered block
  const Block* block;
  BlockSample sample;
};

inline void PrintTo(const BlockTrial& trial, std::ostream* out) {
  *out << trial.sample.yaml;
}

inline std::vector<BlockTrial> block_trials() {
  std::vector<BlockTrial> trials;
  for (const Block* b : builtin_blocks())
    for (const BlockSample& s : b->samples) trials.push_back({b, s});
  return trials;
}
}  // namespace cambium
