// Mean absolute error: the mean of |prediction - target|.
#include "train/spec/loss.h"

namespace cambium::loss_mae {
extern const Loss loss_mae = {
    .name = "mae",
    .doc = "mean absolute error of values; its best answer is their median",
    .target = TargetKind::kValues,
    .emit = [](const Attrs&, const Args&, const LossInputs& in) {
      return emit_value_loss(in.output, in.target, {{"kind", "mae"}});
    }};
}  // namespace cambium::loss_mae
