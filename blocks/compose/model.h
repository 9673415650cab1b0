// Model: from the sections of a spec that hold blocks and the shape of the data to a forward graph.
#pragma once
#include <optional>

#include "blocks/block.h"

namespace cambium {
// What one batch looks like: of data, DataShape::inputs() without the target (data/dataset.h).
struct InputShape {
  Domain domain = Domain::kTokens;
  std::vector<InputType> inputs;  // "x" among them and, of kGraph, "adjacency"
  int64_t graphs = 1;             // kGraph: equal graphs in a batch
};

// Makes all inputs, in their order; answers what a model begins with.
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
