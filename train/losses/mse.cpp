// Mean squared error: the mean of (prediction - target)^2.
#include "train/spec/loss.h"

namespace cambium::loss_mse {
extern const Loss loss_mse = {.name = "mse",
                              .doc = "mean squared error of values; its best answer is their mean",
                              .target = TargetKind::kValues,
                              .emit = [](const Attrs&, const Args&, const LossInputs& in) {
                                return emit_value_loss(in.output, in.target, {{"kind", "mse"}});
                              }};
}  // namespace cambium::loss_mse
