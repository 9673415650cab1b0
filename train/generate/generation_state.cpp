#include "train/generate/generation_state.h"

namespace cambium {
namespace {
// The graphs whose updates are the state.
std::vector<Graph> step_graphs(const Experiment& e, const DataShape& shape) {
  std::vector<Graph> out;
  if (!shape.decoder) {
    out.push_back(step_model_graph(e, 1));
    return out;
  }
  DecoderGraphs both = decoder_graphs(e, 1);
  out.push_back(std::move(both.first));  // keeps the encoder's side
  out.push_back(std::move(both.next));
  return out;
}

void add_states(const Graph& g, std::map<std::string, int64_t>& seen, GenerationState& to) {
  for (const Update& u : g.updates) {
    const Node& state = g.node(u.node);
    const int64_t bytes = state.outputs[0].bytes();
    if (!seen.emplace(state.scope.path, bytes).second) continue;
    to.bytes += bytes;
    if (!is_cache(g, u)) to.fixed_bytes += bytes;
  }
}
}  // namespace

bool is_cache(const Graph& g, const Update& u) {
  const Node& n = g.node(u.value.node);
  return n.op && n.op->rewinds && n.op->rewinds(n.attrs);
}

std::optional<GenerationState> generation_state(const Experiment& e) {
  const DataShape shape = e.data->shape(1);
  const bool goes_on = shape.decoder || shape.causal;
  if (shape.domain != Domain::kIds || (!goes_on && shape.output().rank() != 3)) return std::nullopt;
  GenerationState out{.context = (shape.decoder ? *shape.decoder : shape.x).shape[1]};
  try {
    std::map<std::string, int64_t> seen;
    for (const Graph& g : step_graphs(e, shape)) add_states(g, seen, out);
  } catch (const UserErrors& errors) {
    out.needs_all = errors.all.front().what();
  } catch (const UserError& error) {
    out.needs_all = error.what();
  }
  if (!out.needs_all.empty() && !goes_on) return std::nullopt;  // it was never meant to
  return out;
}
}  // namespace cambium
