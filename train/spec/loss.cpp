#include "train/spec/loss.h"

#include <algorithm>

namespace cambium {
const Loss& default_loss(TargetKind target) {
  const std::string_view name = target == TargetKind::kClasses  ? "cross_entropy"
                                : target == TargetKind::kValues ? "mse"
                                                                : "ctc";
  const auto found =
      std::ranges::find(builtin_losses(), name, [](const Loss* l) { return l->name; });
  ensure(found != builtin_losses().end(), "there is no loss '", name, "'");
  return **found;
}

LossValues emit_value_loss(Value output, Value target, const Args& args) {
  const Value loss = output.graph->emit("value_loss", {output, target}, args);
  return {loss, loss.nth(1)};
}
}  // namespace cambium
