// gradcheck: the gradient that grad() builds against central differences along one random
// direction, both in double through the references.
#pragma once
#include <map>

#include "tests/support/op_case.h"
#include "tests/support/slope.h"

namespace cambium {
// Whether a sample has slopes: operands in bf16 appear after gradients have been taken, and results
// in bf16 are steps.
inline bool has_slopes(const Op& op, const Sample& sample) {
  for (const SampleInput& input : sample.inputs)
    if (!input.absent && input.type.dtype == DType::kBf16) return false;
  return OpCase(op, sample).out[0].type().dtype != DType::kBf16;
}

// The error (slope.h) of a sample that has slopes, for loss = sum(w * first output), w random.
// Later outputs are saved statistics, which carry no gradient; integers and adjacencies are fixed.
inline double gradient_error(const Op& op, const Sample& sample, uint64_t seed) {
  OpCase c(op, sample, seed);
  Graph& g = c.graph;
  Random random(seed, stream_of("direction"));
  std::map<std::string, Ref> at, along;
  std::vector<Value> wrt;
  for (size_t i = 0; i < c.in.size(); ++i) {
    if (!c.in[i]) continue;
    const std::string name = str("x", i);
    at[name] = c.data[i];
    if (c.in[i].type().dtype != DType::kF32) continue;
    wrt.push_back(c.in[i]);
    Ref& direction = along[name];
    for (int64_t k = 0; k < c.data[i].size(); ++k) direction.data.push_back(random.normal());
  }
  Ref& weights = at["w"];
  for (int64_t k = 0; k < c.out[0].shape().count(); ++k) weights.data.push_back(random.normal());
  const Value w = g.input("w", c.out[0].type());
  const Value loss = g.emit("reduce_sum", {g.emit("mul", {c.out[0], w})});
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
}  // namespace cambium
