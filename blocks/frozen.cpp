#include "blocks/frozen.h"

#include <map>

namespace cambium {
namespace {
// The path of the place around; "" around the outermost.
std::string parent_of(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == path.npos ? "" : path.substr(0, dot);
}
}  // namespace

StillParts::StillParts(const Graph& model) {
  std::map<std::string, bool> learns;  // of each place that uses parameters
  const auto use = [&](std::string path, bool trained) {
    for (; !path.empty(); path = parent_of(path)) learns[path] |= trained;
  };
  for (const Node& n : model.nodes()) {
    if (n.role == Role::kParameter) use(n.scope.path, !n.parameter.frozen);
    for (const Port p : n.inputs)  // also those of another place
      if (p.node >= 0 && model.node(p.node).role == Role::kParameter)
        use(n.scope.path, !model.node(p.node).parameter.frozen);
  }
  for (const auto& [path, trained] : learns)
    if (!trained) paths_.insert(path);
}

bool StillParts::operator()(const std::string& path) const {
  for (std::string at = path; !at.empty(); at = parent_of(at))
    if (paths_.contains(at)) return true;
  return false;
}
}  // namespace cambium
