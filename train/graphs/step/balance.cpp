#include "train/graphs/step/balance.h"

#include <algorithm>
#include <map>

#include "blocks/auxiliary.h"

namespace cambium {
namespace {
constexpr std::string_view kOfUpdate = "update_";

struct Balance {
  Port loss, share, tokens;
};

std::vector<Balance> balances_of(const Graph& g) {
  std::vector<Balance> out;
  for (size_t i = 0; i < g.outputs.size(); ++i) {
    if (g.outputs[i].name != kAuxiliaryLoss) continue;
    ensure(i + 2 < g.outputs.size() && g.outputs[i + 1].name == kBalanceShare &&
               g.outputs[i + 2].name == kBalanceTokens,
           "an auxiliary loss without its share and tokens");
    out.push_back({g.outputs[i].port, g.outputs[i + 1].port, g.outputs[i + 2].port});
  }
  return out;
}

Value state_of_update(Graph& g, std::string_view what, size_t i, const ValueType& type) {
  const std::string name = str(kOfUpdate, what, ".", i);
  const auto known = g.find(Role::kState, name);
  return known ? g.value({*known, 0}) : g.state(name, type);
}

Value scored_of_update(Graph& g) {
  return state_of_update(g, "scored", 0, {DType::kF32, {}});
}

// At least one token, so that an update of padding alone divides by no 0.
Value tokens_of_update(Graph& g, size_t i) {
  return g.emit("maximum", {state_of_update(g, "tokens", i, {DType::kF32, {}}), g.scalar(1)});
}
}  // namespace

bool has_balances(const Graph& g) {
  return !balances_of(g).empty();
}

void emit_shares(Graph& g, Value scored) {
  ScopeGuard guard(g, {.path = "accumulate", .phase = Phase::kUpdate});
  const auto add_to = [&](Value sum, Value v) {
    g.updates.push_back({sum.node, port_of(g.emit("add", {sum, v}))});
  };
  add_to(scored_of_update(g), scored);
  for (size_t i = 0; const Balance& b : balances_of(g)) {
    const Value share = g.value(b.share), tokens = g.value(b.tokens);
    add_to(state_of_update(g, "tokens", i, tokens.type()), tokens);
    add_to(state_of_update(g, "share", i, share.type()), g.emit("mul", {share, tokens}));
    ++i;
  }
}

Graph with_shares(const Graph& g) {
  std::map<Port, size_t> shares;
  for (const Balance& b : balances_of(g)) shares.emplace(b.share, shares.size());
  return rewrite(g,
                 [&](Graph& out, int, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   std::vector<Value> now(in.begin(), in.end());
                   bool changed = false;
                   for (size_t k = 0; k < now.size(); ++k) {
                     const auto found = shares.find(n.inputs[k]);
                     if (found == shares.end()) continue;
                     const size_t i = found->second;
                     now[k] = out.emit("div", {state_of_update(out, "share", i, now[k].type()),
                                               tokens_of_update(out, i)});
                     changed = true;
                   }
                   if (!changed) return std::nullopt;
                   return out.outputs_of(out.copy(n, std::move(now)).node);
                 });
}

Value plus_balances(Value sum) {
  Graph& g = *sum.graph;
  for (size_t i = 0; const Balance& b : balances_of(g)) {
    const Value part = g.emit("div", {g.value(b.tokens), tokens_of_update(g, i++)});
    const Value weight = g.emit("mul", {scored_of_update(g), part});
    sum = g.emit("add", {sum, g.emit("mul", {g.value(b.loss), weight})});
  }
  return sum;
}

void clear_shares(Graph& g, const Graph& step) {
  for (const Node& n : step.nodes()) {
    if (n.role != Role::kState || !n.scope.path.starts_with(kOfUpdate)) continue;
    const Value sum = g.state(n.scope.path, n.outputs[0]);
    g.updates.push_back({sum.node, port_of(g.emit("scale", {sum}, {{"a", 0.0}}))});
  }
}
}  // namespace cambium
