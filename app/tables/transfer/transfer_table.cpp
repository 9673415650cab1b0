#include "app/tables/transfer/transfer_table.h"

#include <algorithm>

#include "app/tables/transfer/adapter_table.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/graphs/freeze.h"
#include "train/spec/glob.h"
#include "train/thaw/layer_decay.h"
#include "train/thaw/unfreeze.h"
#include "train/weights/transfer.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
// Numbers in parameters that no step moves though they are not frozen: of groups of rate 0.
int64_t at_rest(const Experiment& e, const Graph& model) {
  int64_t out = 0;
  for (const Node& n : model.nodes()) {
    if (n.role != Role::kParameter || n.parameter.frozen) continue;
    const auto rule = std::ranges::find_if(
        e.train.groups, [&](const GroupRule& r) { return glob_matches(r.match, n.scope.path); });
    if (rule != e.train.groups.end() && rule->group.lr_scale == 0)
      out += n.outputs[0].shape.count();
  }
  return out;
}

void add_frozen(const Experiment& e, const Graph& model, std::string_view before, std::string& text,
                Json& answer) {
  const FrozenShare share = frozen_share(model);
  if (share.tensors == 0) return;
  const int64_t rest = at_rest(e, model), trained = share.parameters - share.frozen - rest;
  text += str(before, "frozen: ", share.tensors, share.tensors == 1 ? " tensor, " : " tensors, ",
              compact(double(share.frozen)), " of ", compact(double(share.parameters)),
              " parameters; ", compact(double(trained)), " are trained",
              rest ? str(", ", compact(double(rest)), " stay at lr_scale 0") : "", "\n");
  answer["frozen"] = {
      {"tensors", share.tensors}, {"parameters", share.frozen}, {"trained", trained}};
  if (rest) answer["frozen"]["at_rest"] = rest;
}

// What begins to learn, and when; each tensor at the first rule that meets it.
void add_unfrozen(const Experiment& e, const Graph& model, std::string_view before,
                  std::string& text, Json& answer) {
  const std::vector<ThawPhase> phases = phases_of(e, e.total_steps());
  if (phases.size() == 1) return;
  Diagnostics reported;  // when the spec was opened
  const std::vector<UnfreezeRule> rules = parse_unfreeze(e.spec, e.vars, reported);
  const Experiment last = in_phase(e, phases.back());
  Json rows = Json::array();
  for (const int rule : last.thawed) {
    int64_t tensors = 0, parameters = 0;
    for (const Node& n : model.nodes()) {
      if (n.role != Role::kParameter || !n.parameter.frozen) continue;
      if (thawed_by(last, rules, n.scope.path) != rule) continue;
      ++tensors;
      parameters += n.outputs[0].shape.count();
    }
    const int64_t begin = begin_of(phases, rule);
    const std::string& match = rules[size_t(rule)].match.text;
    text += str(before, "after step ", begin, ": ", match, " trains, ", tensors,
                tensors == 1 ? " tensor, " : " tensors, ", compact(double(parameters)),
                " parameters\n");
    rows.push_back({{"after_step", begin},
                    {"match", match},
                    {"tensors", tensors},
                    {"parameters", parameters}});
  }
  answer["unfreeze"] = std::move(rows);
}

// How fast each layer learns, one line a layer.
void add_layers(const Experiment& e, std::string& text, Json& answer) {
  if (e.train.options.layer_decay == 1) return;
  text += str("\nlayer_decay ", e.train.options.layer_decay, ": factors on the learning rate\n");
  Json rows = Json::array();
  for (const Layer& layer : layers_of(e)) {
    text += fmt::format("{:4}  {:<8.4g}  {}\n", layer.number, layer.lr_scale,
                        join_names(layer.blocks, ", "));
    rows.push_back(
        {{"layer", layer.number}, {"lr_scale", layer.lr_scale}, {"blocks", layer.blocks}});
  }
  answer["layer_decay"] = std::move(rows);
}

void add_all(const Experiment& e, const Graph& model, std::string& text, Json& answer, bool table) {
  const std::string_view before = table ? "\n" : "      ";
  if (const std::optional<Transfer> t = find_transfer(e)) {
    text += str(before, table ? to_text(*t) : str("init: ", summary(*t), "\n"));
    answer["init"] = to_json(*t);
  } else if (e.spec.section("init")) {
    text += str(before, "init: what the weights came from is gone or has changed since\n");
  }
  add_frozen(e, model, before, text, answer);
  if (model_of(e, e.train.options.batch, true).adapters)
    add_adapters(*model_of(e, e.train.options.batch, true).adapters, before, text, answer, table);
  add_unfrozen(e, model, table ? "" : before, text, answer);
  if (table) add_layers(e, text, answer);
}
}  // namespace

void add_transfer(const Experiment& e, const Graph& model, std::string& text, Json& answer) {
  add_all(e, model, text, answer, true);
}

void add_transfer_line(const Experiment& e, const Graph& model, std::string& text, Json& answer) {
  add_all(e, model, text, answer, false);
}
}  // namespace cambium
