// Stream: what flows between blocks.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "graph/graph.h"

namespace cambium {
enum class Domain {
  kIds,     // [B,T] i32: token ids, before `embed`
  kTokens,  // [B,T,C]
  kGrid,    // [B,Y,X,C], channels last
  kGraph,   // [N,C] with an adjacency of N nodes
  kVector,  // [B,C]: one vector an example, after pooling
};

constexpr std::string_view name_of(Domain d) {
  constexpr std::string_view names[] = {"ids", "tokens", "grid", "graph", "vector"};
  return names[size_t(d)];
}

// An input of a model's graph. What the names are, the data says (data/dataset.h); a stream begins
// with "x", "mask" and "adjacency", and blocks ask the graph for others.
struct InputType {
  std::string_view name;
  ValueType type;
};

struct Latents;  // blocks/tokens.h

struct Stream {
  Domain domain = Domain::kTokens;
  Value x;
  Value adjacency;    // kGraph: who hears whom
  int64_t batch = 0;  // kGraph: how many equal graphs the N nodes hold (1 for one big graph)
  Value
      mask;  // f32, one a place, of padded data: 1 at real places, which stand first in an example
  int64_t rows = 0, columns = 0;      // tokens or nodes that came from a grid remember its Y and X
  std::string width_by = "the data";  // the block that set C, and its place; kept by the builder
  Mark width_mark;
  // kTokens: trained tokens that were put among others last, and the edges between the nodes they
  // were. What no longer fits the number of tokens is as good as forgotten.
  std::shared_ptr<const Latents> latents = nullptr;
  Value edges = {};

  const Shape& shape() const { return x.shape(); }

  int64_t channels() const { return x.shape().last(); }
};
}  // namespace cambium
