#include "blocks/frozen.h"

#include <algorithm>
#include <set>

namespace cambium {
namespace {
Value state_at(Graph& g, const std::string& path, std::string_view name) {
  const auto found = g.find(Role::kState, str(path, ".", name));
  ensure(found.has_value(), "batch norm '", path, "' has no ", name);
  return g.value({*found, 0});
}

// y, mean and variance of a batch norm [..., C], as batch_norm_apply would have it.
std::vector<Value> on_running_statistics(Graph& g, const Node& n, std::span<const Value> in) {
  const Value mean = state_at(g, n.scope.path, "running_mean"),
              var = state_at(g, n.scope.path, "running_var");
  const double eps = std::get<double>(n.attrs.find("eps")->variant());
  const Value root = g.emit("sqrt", {g.emit("scale", {var}, {{"a", 1.0}, {"b", eps}})});
  const Value factor = g.emit("div", {in[1], root});
  Value y = g.emit("add", {g.emit("mul", {g.emit("sub", {in[0], mean}), factor}), in[2]});
  if (std::get<std::string>(n.attrs.find("activation")->variant()) == "relu")
    y = g.emit("relu", {y});
  return {y, mean, var};
}
}  // namespace

Graph settle_frozen(const Graph& model, const AtPath& frozen) {
  std::set<std::string> still;  // states that no longer move
  Graph out = rewrite(model,
                      [&](Graph& g, int, const Node& n,
                          std::span<const Value> in) -> std::optional<std::vector<Value>> {
                        if (n.op->name != "dropout" && n.op->name != "batch_norm")
                          return std::nullopt;
                        if (!frozen(n.scope.path)) return std::nullopt;
                        if (n.op->name == "dropout") return std::vector<Value>{in[0]};
                        for (const char* name : {"running_mean", "running_var"})
                          still.insert(str(n.scope.path, ".", name));
                        return on_running_statistics(g, n, in);
                      });
  std::erase_if(out.updates, [&](const Update& u) {
    const Node& n = out.node(u.node);
    return n.role == Role::kState && still.contains(n.scope.path);
  });
  return out;
}
}  // namespace cambium
