#include "app/tables/transfer/transfer_table.h"

#include <algorithm>

#include "core/text/json.h"
#include "train/graphs/freeze.h"
#include "train/spec/glob.h"
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

void add_all(const Experiment& e, const Graph& model, std::string& text, Json& answer, bool table) {
  const std::string_view before = table ? "\n" : "      ";
  if (const std::optional<Transfer> t = find_transfer(e)) {
    text += str(before, table ? to_text(*t) : str("init: ", summary(*t), "\n"));
    answer["init"] = to_json(*t);
  } else if (e.spec.section("init")) {
    text += str(before, "init: what the weights came from is gone or has changed since\n");
  }
  add_frozen(e, model, before, text, answer);
}
}  // namespace

void add_transfer(const Experiment& e, const Graph& model, std::string& text, Json& answer) {
  add_all(e, model, text, answer, true);
}

void add_transfer_line(const Experiment& e, const Graph& model, std::string& text, Json& answer) {
  add_all(e, model, text, answer, false);
}
}  // namespace cambium
