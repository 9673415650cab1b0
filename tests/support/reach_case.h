// What a block's output hears of its input: claimed by the graph, and found by changing the input
// one place at a time and running the references.
#pragma once
#include "graph/reach/reach.h"
#include "tests/support/block_case.h"

namespace cambium {
struct HeardBlock {
  std::vector<Heard> claimed, found;  // one an element of the output
};

// Examples and places of an input: [B,T] ids, [B,T,C], [B,C] with one place, [B,Y,X,C] with Y X
// places, nodes [N,C] of one example.
struct PlacesOf {
  int64_t examples, places, width;

  explicit PlacesOf(const Stream& s) {
    const Shape& x = s.shape();
    const bool graph = s.domain == Domain::kGraph;
    examples = graph ? 1 : x[0];
    width = s.domain == Domain::kIds ? 1 : x.last();
    places = x.count() / std::max<int64_t>(1, examples * width);
  }
};

inline Reach source_reach(const Shape& x, const PlacesOf& p) {
  Reach r(x);
  for (int i = 0; i < x.rank(); ++i) r.stored.set(i, std::max<int64_t>(1, x[i]));
  r.cells.clear();
  for (int64_t i = 0; i < x.count(); ++i)
    r.cells.push_back(Heard::at(i / p.width / p.places, i / p.width % p.places));
  compact(r);
  return r;
}

// Every element of the value by itself.
inline std::vector<Heard> each_cell(const Reach& r) {
  std::vector<Heard> out;
  const auto strides = r.strides();
  for (int64_t i = 0; i < r.shape.count(); ++i) {
    int64_t at = 0;
    for (int a = 0; a < r.shape.rank(); ++a)
      at += strides[size_t(a)] * (i / r.shape.count_between(a + 1, r.shape.rank()) % r.shape[a]);
    out.push_back(r.cells[size_t(at)]);
  }
  return out;
}

inline std::vector<Heard> claimed_by(const BlockCase& c) {
  const PlacesOf places(c.in);
  const ReachWalk walk(c.graph, [&](const Node& n) -> std::optional<Reach> {
    Reach r(n.outputs[0].shape);
    if (n.scope.path == "x") return source_reach(n.outputs[0].shape, places);
    if (n.outputs[0].dtype != DType::kAdjacency) return std::nullopt;
    r.adjacency = c.adjacency().get();
    return r;
  });
  return each_cell(walk.at(c.graph.outputs[0].port));
}

inline std::vector<Heard> found_in(const BlockCase& c, std::span<const uint64_t> seeds) {
  const PlacesOf places(c.in);
  std::vector<Heard> found(size_t(c.out.shape().count()));
  for (const uint64_t seed : seeds) {
    BlockCase::Data leaves = c.data(seed);
    const std::vector<double> before = c.run(leaves);
    Ref& x = leaves.at("x");
    for (int64_t p = 0; p < places.examples * places.places; ++p) {
      const Ref kept = x;
      for (int64_t i = p * places.width; i < (p + 1) * places.width; ++i)
        x[i] = c.in.domain == Domain::kIds ? 1 - x[i] : x[i] + 0.7 + 0.1 * double(i % 5);
      const std::vector<double> after = c.run(leaves);
      x = kept;
      for (size_t k = 0; k < found.size(); ++k)
        if (before[k] != after[k]) found[k].join(Heard::at(p / places.places, p % places.places));
    }
  }
  return found;
}
}  // namespace cambium
