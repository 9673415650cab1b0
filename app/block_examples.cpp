#include "app/block_examples.h"

#include "blocks/model.h"
#include "graph/cost.h"
#include "ops/ops.h"

namespace cambium {
namespace {
std::string text_of(const Stream& s) {
  return str(name_of(s.domain), " ", s.shape());
}

BlockExample build_example(const BlockSample& sample) {
  Graph g(builtin_ops());
  InputShape input{.domain = sample.domain};
  input.x = {sample.domain == Domain::kIds ? DType::kI32 : DType::kF32, sample.shape};
  if (sample.domain == Domain::kGraph) {
    const int64_t nodes = sample.shape[0];
    input.adjacency = {DType::kAdjacency, Shape{nodes, nodes, 2 * nodes}};
  }
  const Stream in = build_input(g, input);
  const Yaml model = parse_yaml(str("- ", sample.yaml), "example");
  const Vars vars;
  Builder builder(g, vars, true);
  const Stream out = build_model(builder, model, nullptr, in);
  const ScopeCost cost = total_cost(g);
  return {sample.yaml, text_of(in), text_of(out), cost.parameters, cost.forward_flops};
}
}  // namespace

std::vector<BlockExample> block_examples(const Block& block, size_t most) {
  std::vector<BlockExample> out;
  for (const BlockSample& s : block.samples)
    if (out.size() < most) out.push_back(build_example(s));
  return out;
}
}  // namespace cambium
