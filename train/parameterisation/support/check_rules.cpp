#include "train/parameterisation/support/check_rules.h"

#include <algorithm>

namespace cambium {
namespace {
std::string names_of_known(const Parameterisation& p) {
  std::vector<std::string> names;
  for (const Optimizer* o : builtin_optimizers())
    if (std::ranges::count(p.knows, o->steps)) names.emplace_back(o->name);
  return join_names(names, " or ");
}
}  // namespace

void check_rules(const Experiment& e, Diagnostics& errors) {
  const ParameterisationChoice& chosen = e.parameterisation;
  const Choice<Optimizer>& o = e.train.optimizer;
  if (!chosen.scales() || !o) return;
  const Mark& mark = o.mark.known() ? o.mark : chosen.mark;
  if (!std::ranges::count(chosen.record->knows, o.record->steps))
    return errors.add(UserError(
        str("no rule of ", chosen.record->name, " is known for optimizer '", o.record->name, "'"),
        str("use optimizer: ", names_of_known(*chosen.record)), mark));
  if (!o.record->divided_penalty) return;
  const auto refuse = [&](const Mark& at) {
    errors.add(UserError(str("no rule of ", chosen.record->name, " is known for a penalty in ",
                             "the gradient that ", o.record->name, " divides by its size"),
                         "use optimizer: adamw, whose decay stands apart", at));
  };
  if (o.record->divided_penalty(o.attrs) > 0) refuse(mark);
  for (const GroupRule& rule : e.train.groups)
    if (rule.group.weight_decay.value_or(0) > 0) refuse(rule.mark);
}
}  // namespace cambium
