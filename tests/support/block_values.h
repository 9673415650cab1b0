// BlockValues: a block on given numbers, run by the kernels: what it answers, and the gradient of
// sum(cotangent * y) by its input and each of its parameters. Files of such numbers are safetensors
// with "x", "y", "cotangent", "parameter.<path>", "gradient.<path>", "gradient.x" and, for graphs,
// "edges" i32 [E,2], and say the block and its domain in the metadata.
#pragma once
#include "blocks/domains.h"
#include "core/tensor/safetensors.h"
#include "graph/run/executor.h"
#include "ops/support/dnnl.h"
#include "tests/support/block_case.h"
#include "tests/support/relative_error.h"

namespace cambium {
class BlockValues {
 public:
  using Tensors = std::map<std::string, Tensor, std::less<>>;

  // What the file says, without its numbers.
  explicit BlockValues(const SafeTensors& file)
      : case_("- " + file.metadata.at("block"), domain_named(file.metadata.at("domain")),
              file.tensors.at("x").shape(), {.adjacency = adjacency_of(file)}) {
    Graph& g = case_.graph;
    const Value w = g.input("cotangent", case_.out.x.type());
    const Value loss = g.emit("reduce_sum", {g.emit("mul", {case_.out.x, w})});
    for (Value p : case_.parameters()) parameters_.push_back(g.node(p.node).scope.path);
    std::vector<Value> wrt = case_.parameters();
    wrt.push_back(case_.in.x);
    const std::vector<Value> d = grad(loss, wrt);
    for (size_t i = 0; i < d.size(); ++i)
      if (d[i])
        g.outputs.push_back(
            {"gradient." + (i < parameters_.size() ? parameters_[i] : "x"), port_of(d[i])});
  }

  const std::vector<std::string>& parameters() const { return parameters_; }

  const Shape& output_shape() const { return case_.out.shape(); }

  // Numbers as the block draws them before training. Gates that start at constants plus a parameter
  // of zeros hold the sum.
  Tensors start(uint64_t seed) {
    Plan plan = compile(case_.graph.clone(), engine_);
    Store store;
    store.add(plan, seed);
    Tensors out;
    for (const std::string& name : parameters_) {
      Tensor t = store.at(name).clone();
      add_start(name, 1, t);
      out.emplace("parameter." + name, std::move(t));
    }
    return out;
  }

  // "y" and the gradients for the file's "x", "cotangent" and parameters, by the passes of training
  // and the kernels.
  Tensors run(const Tensors& given) {
    const Plan plan = compile(run_passes(case_.graph.clone(), training_pipeline()), engine_);
    Store store;
    store.add(plan, 0);
    for (const std::string& name : parameters_) {
      if (!store.has(name)) continue;
      Tensor t = given.find("parameter." + name)->second.clone();
      add_start(name, -1, t);
      std::memcpy(store.at(name).data(), t.data(), size_t(t.bytes()));
    }
    Executor executor(plan, store);
    for (const Leaf& leaf : plan.inputs)
      if (leaf.type.dtype == DType::kAdjacency)
        executor.set_input(leaf.name, *case_.adjacency());
      else
        executor.set_input(leaf.name, given.find(leaf.name)->second);
    executor.run();
    Tensors out;
    for (size_t i = 0; i < plan.outputs.size(); ++i) {
      Tensor t(plan.output_slots[i].type);
      std::memcpy(t.data(), executor.output(plan.outputs[i].name).data(), size_t(t.bytes()));
      out.emplace(plan.outputs[i].name, std::move(t));
    }
    return out;
  }

 private:
  static Domain domain_named(const std::string& name) {
    for (Domain d : {Domain::kTokens, Domain::kGrid, Domain::kGraph})
      if (name == name_of(d)) return d;
    throw UserError(str("no domain of floats is called '", name, "'"));
  }

  static std::shared_ptr<const Adjacency> adjacency_of(const SafeTensors& file) {
    const auto found = file.tensors.find("edges");
    if (found == file.tensors.end()) return nullptr;
    std::vector<Edge> edges;
    const std::span<const int32_t> ends = found->second.i32();
    for (size_t i = 0; i < ends.size(); i += 2) edges.emplace_back(ends[i], ends[i + 1]);
    return std::make_shared<const Adjacency>(
        make_adjacency(file.tensors.at("x").shape()[0], edges, false));
  }

  // t += sign * the constant that the graph adds to the parameter, if it does.
  void add_start(const std::string& name, float sign, Tensor& t) const {
    const int id = *case_.graph.find(Role::kParameter, name);
    for (const Node& n : case_.graph.nodes()) {
      if (n.kind() != "add" || n.inputs[0].node != id) continue;
      const Node& other = case_.graph.node(n.inputs[1].node);
      if (other.role != Role::kConstant) continue;
      for (size_t i = 0; i < t.f32().size(); ++i) t.f32()[i] += sign * other.constant->f32()[i];
      return;
    }
  }

  BlockCase case_;
  Engine engine_;
  std::vector<std::string> parameters_;
};
}  // namespace cambium
