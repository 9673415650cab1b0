#include "train/graphs/freeze.h"

#include "train/adapters/adapt.h"
#include "train/thaw/unfreeze.h"
#include "train/weights/transfer_spec.h"

namespace cambium {
namespace {
// What stays as it is in the phase of the experiment.
class Frozen {
 public:
  explicit Frozen(const Experiment& e) : e_(e) {
    Diagnostics reported;  // by check_freeze and check_unfreeze
    freeze_ = parse_freeze(e.spec, e.vars, reported);
    rules_ = parse_unfreeze(e.spec, e.vars, reported);
  }

  bool nothing() const { return freeze_.names.empty() && e_.thawed.empty(); }

  bool in_training() const { return freeze_.in_training; }

  bool thawed(const std::string& path) const { return thawed_by(e_, rules_, path) >= 0; }

  bool meets(const std::string& path) const {
    return meets_any(freeze_.names, path) && !thawed(path);
  }

 private:
  const Experiment& e_;
  FreezeSpec freeze_;
  std::vector<UnfreezeRule> rules_;
};
}  // namespace

Graph with_frozen(const Experiment& e, Graph model) {
  const Frozen frozen(e);
  if (frozen.nothing()) return model;
  Graph out(model.ops());
  for (const Node& n : model.nodes()) {  // ids stay, so ports do
    std::vector<Value> in;
    for (const Port p : n.inputs) in.push_back(out.value(p));
    Node now = n;
    if (n.role == Role::kParameter) {
      now.parameter.frozen |= frozen.meets(n.scope.path);
      if (frozen.thawed(n.scope.path)) now.parameter.frozen = false;
    }
    out.copy(now, std::move(in));
  }
  out.outputs = model.outputs;
  out.updates = model.updates;
  return out;
}

StillParts still_parts(const Experiment& e, const Graph& model) {
  return Frozen(e).in_training() ? StillParts() : StillParts(base_of_adapters(e, model));
}

void check_freeze(const Experiment& e, const Graph& model, Diagnostics& errors) {
  const FreezeSpec freeze = parse_freeze(e.spec, e.vars, errors);
  if (freeze.names.empty()) return;
  std::vector<std::string> names;
  for (const Node& n : model.nodes())
    if (n.role == Role::kParameter) names.push_back(n.scope.path);
  check_patterns(freeze.names, names, "parameter of the model", errors);
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
