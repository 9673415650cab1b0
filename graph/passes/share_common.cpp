// share_common: common-subexpression elimination. Same op, attributes and inputs: one node.
#include <map>

#include "graph/passes/passes.h"

namespace cambium {
Graph share_common(const Graph& g) {
  std::map<std::string, int> seen;  // what a node computes -> its id in the new graph
  return rewrite(g,
                 [&](Graph& out, int, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   // Updates run last, so an update and a forward node are never the same.
                   std::string key = str(n.op->name, '{', n.attrs.text(), '}',
                                         n.scope.phase == Phase::kUpdate ? "update" : "");
                   for (Value v : in) key += str(' ', v.node, '.', v.output);
                   const auto [it, fresh] = seen.try_emplace(key, -1);
                   if (fresh) it->second = out.copy(n, {in.begin(), in.end()}).node;
                   return out.outputs_of(it->second);
                 });
}
}  // namespace cambium
