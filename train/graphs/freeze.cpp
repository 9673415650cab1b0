#include "train/graphs/freeze.h"

#include "train/weights/transfer_spec.h"

namespace cambium {
namespace {
std::vector<NamePattern> patterns_in(const Experiment& e) {
  Diagnostics reported;  // by check_freeze
  return parse_freeze(e.spec, e.vars, reported);
}
}  // namespace

Graph with_frozen(const Experiment& e, Graph model) {
  const std::vector<NamePattern> patterns = patterns_in(e);
  if (patterns.empty()) return model;
  Graph out(model.ops());
  for (const Node& n : model.nodes()) {  // ids stay, so ports do
    std::vector<Value> in;
    for (const Port p : n.inputs) in.push_back(out.value(p));
    Node now = n;
    if (n.role == Role::kParameter && meets_any(patterns, n.scope.path))
      now.parameter.frozen = true;
    out.copy(now, std::move(in));
  }
  out.outputs = model.outputs;
  out.updates = model.updates;
  return out;
}

void check_freeze(const Experiment& e, const Graph& model, Diagnostics& errors) {
  const std::vector<NamePattern> patterns = parse_freeze(e.spec, e.vars, errors);
  if (patterns.empty()) return;
  std::vector<std::string> names;
  for (const Node& n : model.nodes())
    if (n.role == Role::kParameter) names.push_back(n.scope.path);
  check_patterns(patterns, names, "parameter of the model", errors);
  const FrozenShare share = frozen_share(model);
  if (share.tensors == int64_t(names.size()))
    errors.add(UserError("'freeze' leaves nothing to train",
                         "leave out the names of what is to learn, such as the last block",
                         e.spec.section("freeze")->mark));
}

FrozenShare frozen_share(const Graph& model) {
  FrozenShare out;
  for (const Node& n : model.nodes()) {
    if (n.role != Role::kParameter) continue;
    const int64_t count = n.outputs[0].shape.count();
    out.parameters += count;
    if (!n.parameter.frozen) continue;
    out.frozen += count;
    ++out.tensors;
  }
  return out;
}
}  // namespace cambium
