// The walk that asks every operator of a graph for its reach.
#include <algorithm>
#include <array>

#include "graph/reach/reach.h"

namespace cambium {
namespace {
constexpr int64_t kMostKnown = int64_t{1} << 20;  // numbers of a value that are kept
constexpr int64_t kMostHeard = int64_t{1} << 20;  // cells, 20 bytes each

// Of more than kMostHeard cells those are joined that stand in the last axes, such as channels.
void coarsen(Reach& r) {
  for (int axis = r.shape.rank() - 1; axis >= 2 && int64_t(r.cells.size()) > kMostHeard; --axis)
    if (!r.uniform(axis)) {
      auto numbers = std::move(r.known);
      const Adjacency* adjacency = r.adjacency;
      r = mixed(r, std::array{axis});
      r.known = std::move(numbers), r.adjacency = adjacency;
    }
}

std::shared_ptr<const Ref> numbers_of(const Tensor& t) {
  Ref r;
  const auto take = [&](const auto& span) { r.data.assign(span.begin(), span.end()); };
  if (t.count() > kMostKnown) return nullptr;
  if (t.type().dtype == DType::kF32) take(t.f32());
  if (t.type().dtype == DType::kI32) take(t.i32());
  if (t.type().dtype == DType::kI64) take(t.i64());
  if (r.size() != t.count()) return nullptr;
  return std::make_shared<const Ref>(std::move(r));
}

Reach of_leaf(const Node& n, const ReachLeaves& leaves) {
  if (n.role != Role::kConstant) return leaves(n).value_or(Reach(n.outputs[0].shape));
  Reach r(n.outputs[0].shape);
  if (n.constant)
    if (std::shared_ptr<const Ref> numbers = numbers_of(*n.constant))
      r = reach_of_known(r.shape, std::move(numbers));
  r.adjacency = n.adjacency ? &n.adjacency->get() : nullptr;
  return r;
}

// What a reference fills; an adjacency lives as long as who holds the answer.
struct Answer {
  Ref numbers;
  Adjacency made;
};

// The inputs as a reference takes them; nothing where one of them is not known. A graph's edges
// alone are no reason to compute.
std::optional<std::vector<Ref>> known_inputs(const Call& c, std::span<const Reach> in) {
  std::vector<Ref> args;
  bool any = false;
  for (int i = 0; i < c.inputs(); ++i) {
    args.emplace_back();
    if (!c.has(i)) continue;
    const Reach& r = in[size_t(i)];
    const bool graph = c.dtype(i) == DType::kAdjacency;
    if (graph ? !r.adjacency : !r.known) return std::nullopt;
    if (graph)
      args.back().adjacency = r.adjacency;
    else
      args.back() = *r.known;
    any |= !graph;
  }
  if (!any) return std::nullopt;
  return args;
}

// What the reference makes of known numbers; nothing where there are too many.
std::optional<std::vector<Reach>> computed(const Op& op, const Call& c, std::span<const Reach> in) {
  const std::optional<std::vector<Ref>> args = known_inputs(c, in);
  if (!args) return std::nullopt;
  std::vector<std::shared_ptr<Answer>> answers;
  std::vector<Ref> results;
  for (Value v : c.out) {
    answers.push_back(std::make_shared<Answer>());
    results.emplace_back();
    if (v.type().dtype == DType::kAdjacency)
      results.back().adjacency = &answers.back()->made;
    else if (v.shape().count() <= kMostKnown)
      results.back().data.assign(size_t(v.shape().count()), 0.0);
    else
      return std::nullopt;
  }
  if (op.view)
    results[0] = (*args)[0];
  else
    op.reference(c, *args, results);
  std::vector<Reach> out;
  for (size_t i = 0; i < results.size(); ++i) {
    answers[i]->numbers = std::move(results[i]);
    const std::shared_ptr<const Ref> numbers(answers[i], &answers[i]->numbers);
    if (numbers->adjacency) {
      out.emplace_back(c.out_shape(int(i)));
      out.back().known = numbers;
      out.back().adjacency = numbers->adjacency;
    } else {
      out.push_back(reach_of_known(c.out_shape(int(i)), numbers));
    }
  }
  return out;
}

std::vector<bool> needed_nodes(const Graph& g) {
  std::vector<bool> needed(g.nodes().size(), false);
  for (const Output& o : g.outputs) needed[size_t(o.port.node)] = true;
  for (int id = int(g.nodes().size()) - 1; id >= 0; --id)
    if (needed[size_t(id)])
      for (Port p : g.node(id).inputs)
        if (p.node >= 0) needed[size_t(p.node)] = true;
  return needed;
}

// How often each node is read by those that are needed; an output is read once more, for good.
std::vector<int> readers_of(const Graph& g, const std::vector<bool>& needed) {
  std::vector<int> readers(g.nodes().size(), 0);
  for (const Output& o : g.outputs) ++readers[size_t(o.port.node)];
  for (int id = 0; id < int(g.nodes().size()); ++id)
    if (needed[size_t(id)])
      for (Port p : g.node(id).inputs)
        if (p.node >= 0) ++readers[size_t(p.node)];
  return readers;
}
}  // namespace

std::vector<Reach> reach_of(const Op& op, const Call& c, std::span<const Reach> in) {
  if (auto known = computed(op, c, in)) return std::move(*known);
  std::vector<Reach> out;
  for (Value v : c.out) out.emplace_back(v.shape());
  ensure(op.reach, "the operator ", op.name, " does not say what it hears");
  op.reach(c, in, out);
  return out;
}

ReachWalk::ReachWalk(const Graph& g, const ReachLeaves& leaves, Keep keep)
    : values_(g.nodes().size()) {
  auto& mutable_graph = const_cast<Graph&>(g);  // Values are handles; nothing is emitted here
  const std::vector<bool> needed = needed_nodes(g);
  std::vector<int> readers = readers_of(g, needed);
  for (int id = 0; id < int(g.nodes().size()); ++id) {
    if (!needed[size_t(id)]) continue;
    const Node& n = g.node(id);
    if (!n.op) {
      values_[size_t(id)].push_back(of_leaf(n, leaves));
      continue;
    }
    const std::vector<Value> in = mutable_graph.inputs_of(id), out = mutable_graph.outputs_of(id);
    std::vector<Reach> heard;
    for (Port p : n.inputs) {
      const bool last = keep == Keep::kOutputs && p.node >= 0 && readers[size_t(p.node)] == 1;
      heard.push_back(p.node < 0 ? Reach() : last ? std::move(of(p)) : of(p));
    }
    values_[size_t(id)] = reach_of(*n.op, {in, n.attrs, out}, heard);
    for (Reach& r : values_[size_t(id)]) coarsen(r);
    if (keep == Keep::kAll) continue;
    for (Port p : n.inputs)
      if (p.node >= 0 && --readers[size_t(p.node)] == 0) values_[size_t(p.node)] = {};
  }
}
}  // namespace cambium
