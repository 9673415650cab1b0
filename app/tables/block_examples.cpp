#include "app/tables/block_examples.h"

#include "blocks/compose/model.h"
#include "graph/cost.h"
#include "ops/ops.h"
#include "train/spec/experiment.h"

namespace cambium {
namespace {
bool may_read_texts(const Block& block) {
  return block.family == "recurrence" || block.family == "state space" ||
         block.family == "linear attention";
}

// Data and the way to a stream as the sample's; texts are for mixers that look back only.
std::string lines_before(const Block& block, const BlockSample& s, bool text) {
  const int64_t c = s.shape.rank() > 0 ? s.shape.last() : 1;
  switch (s.domain) {
    case Domain::kIds:
      return "data: parity\nmodel:\n";
    case Domain::kGraph:
      if (block.name == "link")
        return str("train: {batch: 1}\ndata: {planted_links: {features: ", c, "}}\nmodel:\n");
      return str("data: {ring_vs_chain: {features: ", c, "}}\nmodel:\n");
    case Domain::kTokens:
      if (text) return str("data: markov_text\nmodel:\n  - embed: ", c, "\n");
      return str("data: bars_and_shapes\nmodel:\n  - patch_embed: {patch: 4, dim: ", c, "}\n");
    case Domain::kGrid:
      return str("data: {bars_and_shapes: {channels: ", c, "}}\nmodel:\n");
    case Domain::kVector:
      return str("data: {bars_and_shapes: {channels: ", c, "}}\nmodel:\n  - pool: mean\n");
  }
  throw InternalError("a domain without an example");
}

// The spec around the sample, or nothing where it cannot be built.
std::string spec_around(const Block& block, const BlockSample& s) {
  for (const bool text : {may_read_texts(block), false})
    for (const char* pool : {"", "  - pool: mean\n"}) try {
        std::string spec =
            str(lines_before(block, s, text), "  - ", s.yaml, "\n", pool, "  - linear: $classes\n");
        open_experiment({"example", parse_yaml(spec, "example")});
        return spec;
      } catch (const UserErrors&) {
        continue;  // the head needs what another way gives, or the sample fits this size only
      } catch (const UserError&) {
        continue;
      }
  return "";
}

std::string text_of(const Stream& s) {
  return str(name_of(s.domain), " ", s.shape());
}

BlockExample build_example(const BlockSample& sample) {
  Graph g(builtin_ops());
  InputShape input{.domain = sample.domain};
  input.inputs = {{"x", {sample.domain == Domain::kIds ? DType::kI32 : DType::kF32, sample.shape}}};
  if (sample.domain == Domain::kGraph) {
    const int64_t nodes = sample.shape[0];
    input.inputs.push_back({"pairs", {DType::kI32, Shape{3, 2}}});
    input.inputs.push_back({"edges", {DType::kF32, Shape{2 * nodes, 3}}});
    input.inputs.push_back({"adjacency", {DType::kAdjacency, Shape{nodes, nodes, 2 * nodes}}});
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

std::string runnable_spec(const Block& block) {
  for (const BlockSample& s : block.samples)
    if (std::string text = spec_around(block, s); !text.empty()) return text;
  throw InternalError(str("no sample of '", block.name, "' fits into a spec"));
}
}  // namespace cambium
