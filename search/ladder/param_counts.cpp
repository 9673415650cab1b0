#include "search/ladder/param_counts.h"

namespace cambium {
namespace {
// How many nodes read each one.
std::vector<int> readers_of(const Graph& g) {
  std::vector<int> readers(g.nodes().size());
  for (const Node& n : g.nodes())
    for (const Port& p : n.inputs)
      if (p.node >= 0) ++readers[size_t(p.node)];
  return readers;
}

// "head.bias" of "head.weight"
std::string_view scope_of(std::string_view path) {
  return path.substr(0, path.rfind('.'));
}
}  // namespace

std::array<CountConvention, 3> count_conventions() {
  return {{{"params", "all parameters", &ParamCounts::total},
           {"params_with_head", "without embeddings", &ParamCounts::with_head},
           {"params_body", "without embeddings and head", &ParamCounts::body}}};
}

ParamCounts count_parameters(const Graph& g) {
  const std::vector<int> readers = readers_of(g);
  ParamCounts out;
  std::vector<std::string_view> heads;
  for (const Node& n : g.nodes())
    if (n.role == Role::kParameter && n.parameter.kind == ParameterKind::kOutput)
      heads.push_back(scope_of(n.scope.path));
  for (size_t i = 0; i < g.nodes().size(); ++i) {
    const Node& n = g.nodes()[i];
    if (n.role != Role::kParameter) continue;
    const int64_t count = n.outputs[0].shape.count();
    const ParameterKind kind = n.parameter.kind;
    const bool tied = kind == ParameterKind::kEmbedding && readers[i] > 1;
    const bool embeds =
        (kind == ParameterKind::kEmbedding && !tied) || kind == ParameterKind::kPosition;
    bool head = tied;
    for (std::string_view scope : heads) head = head || scope == scope_of(n.scope.path);
    out.total += count;
    if (!embeds) out.with_head += count;
    if (!embeds && !head) out.body += count;
  }
  return out;
}
}  // namespace cambium
