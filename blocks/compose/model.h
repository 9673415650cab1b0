// Model: from the sections of a spec that hold blocks and the shape of the data to a forward graph.
#pragma once
#include <optional>

#include "blocks/block.h"

namespace cambium {
// What one batch looks like (data/dataset.h's DataShape without the target).
struct InputShape {
  Domain domain = Domain::kTokens;
  ValueType x;          // ids i32 [B,T], tokens f32 [B,T,C], grid f32 [B,Y,X,C], nodes f32 [N,C]
  ValueType adjacency;  // kGraph only: [nodes, nodes, most edges]
  int64_t graphs = 1;   // kGraph: equal graphs in a batch
  std::optional<ValueType> mask;   // f32, one a node or token: 1 where something real is, 0 padding
  std::optional<ValueType> pairs;  // kGraph: i32 [P,2], nodes
  std::optional<ValueType> edges = {};  // kGraph: f32 [E,F], in the order of Adjacency::in
};

// The graph's inputs "x" and, for graphs, "adjacency"; "mask" where the data is padded, "pairs"
// where it asks about pairs of nodes, "edges" where its edges carry something.
Stream build_input(Graph& graph, const InputShape& shape);

// One list of blocks and what flows into it. What a named part ends in, the parts after it can tap
// under that name; its own blocks stand in that scope.
struct ModelPart {
  std::string name;  // "encoder", "decoder"; empty: the whole of `model:`
  const Yaml* blocks = nullptr;
  Stream input;
  std::optional<Builder::Step> step;  // of Builder, while this part is built
  std::optional<Stream> kept = {};    // what is tapped in place of what it ends in
};

// Builds the parts in their order: what the last one ends in. UserErrors with everything that is
// wrong with all of them.
Stream build_parts(Builder& builder, std::span<const ModelPart> parts, const Yaml* define);

// Nodes in the graph whose named parameter is "<block>.<name>": of `linear: {tie: embed}`.
// UserError with the known names when there is none, or more than one.
Value find_parameter(Graph& graph, std::string_view block, std::string_view name);
}  // namespace cambium
