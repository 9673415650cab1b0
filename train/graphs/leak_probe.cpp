#include <algorithm>

#include "train/graphs/leaks.h"

namespace cambium {
namespace {
const BatchInput* batch_input(std::string_view name) {
  const auto found = std::ranges::find(batch_inputs(), name, &BatchInput::name);
  return found == batch_inputs().end() ? nullptr : &*found;
}
}  // namespace

LeakProbe::LeakProbe(const DataShape& shape, std::string source)
    : shape_(shape), source_(std::move(source)) {
  const ValueType type = *batch_input(source_)->type(shape_);
  const Shape& s = type.shape;
  const bool graph = shape.domain == Domain::kGraph;
  const bool tokens = s.rank() == (type.dtype == DType::kI32 ? 2 : 3);
  examples_ = graph ? shape.graphs : s[0];
  places_ = graph ? s[0] / std::max<int64_t>(shape.graphs, 1) : tokens ? s[1] : 1;
  real_ = shape.masked && source_ == "x" ? (places_ + 1) / 2 : places_;
  if (graph) adjacency_ = edges_within_examples(shape.adjacency.shape);
}

// Neighbouring real nodes, in both directions, as far as there are edges.
std::shared_ptr<const Adjacency> LeakProbe::edges_within_examples(const Shape& adjacency) const {
  const int64_t share = adjacency[2] / std::max<int64_t>(examples_, 1);
  std::vector<Edge> edges;
  for (int64_t b = 0; b < examples_; ++b)
    for (int64_t i = 0; i + 1 < real_ && 2 * i + 1 < share; ++i) {
      const auto node = int32_t(b * places_ + i);
      edges.emplace_back(node, node + 1);
      edges.emplace_back(node + 1, node);
    }
  return std::make_shared<const Adjacency>(make_adjacency(adjacency[0], edges, false));
}

// Places are told apart where an answer may hear some of them and not others.
Reach LeakProbe::source_reach(const Shape& s) const {
  const bool graph = shape_.domain == Domain::kGraph;
  const bool places = places_ > 1 && (shape_.causal || shape_.masked || source_ != "x");
  Reach r(s);
  if (graph)
    r.stored.set(0, s[0]);
  else
    r.stored.set(0, examples_);
  if (!graph && places) r.stored.set(1, places_);
  r.cells.clear();
  for (int64_t i = 0; i < r.stored.count(); ++i) {
    const int64_t width = graph ? places_ : places ? places_ : 1;
    r.cells.push_back(Heard::at(i / width, i % width));
  }
  return r;
}

std::optional<Reach> LeakProbe::leaf(const Node& n) const {
  if (n.role != Role::kInput) return std::nullopt;
  const std::string& name = n.scope.path;
  const ValueType& type = n.outputs[0];
  if (name == source_) return source_reach(type.shape);
  if (name == "mask") {
    Ref mask{std::vector<double>(size_t(type.shape.count()))};
    for (int64_t i = 0; i < mask.size(); ++i) {
      const int64_t places = mask.size() / std::max<int64_t>(examples_, 1);
      mask[i] = i % places < (places + 1) / 2 ? 1 : 0;
    }
    return reach_of_known(type.shape, std::make_shared<const Ref>(std::move(mask)));
  }
  if (name == "adjacency") {
    Reach r(type.shape);
    r.adjacency = adjacency_.get();
    return r;
  }
  if (name == "edges") {
    Reach r(type.shape);
    if (source_ != "x") return r;
    r.stored.set(0, type.shape[0]);
    r.cells.assign(size_t(r.stored[0]), {});
    for (int64_t i = 0; i < adjacency_->nodes; ++i)
      for (int64_t e = adjacency_->in.begin[size_t(i)]; e < adjacency_->in.begin[size_t(i) + 1];
           ++e)
        r.cells[size_t(e)] = Heard::at(i / places_, i % places_);
    return r;
  }
  if (name == "pairs") {  // of neighbours
    Ref ends{std::vector<double>(size_t(type.shape.count()))};
    for (int64_t i = 0; i < ends.size(); ++i) ends[i] = double(i % std::max<int64_t>(real_, 1));
    return reach_of_known(type.shape, std::make_shared<const Ref>(std::move(ends)));
  }
  const BatchInput* other = batch_input(name);  // of content: another source, for another walk
  ensure(!other || other->kind == BatchInput::kContent, "no batch to look for leaks in has '", name,
         "'");
  return std::nullopt;
}
}  // namespace cambium
