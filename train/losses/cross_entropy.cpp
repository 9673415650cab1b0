// Cross-entropy: -log of the probability that softmax of the scores gives to the target class.
#include "train/spec/loss.h"

namespace cambium::loss_cross_entropy {
extern const Loss loss_cross_entropy = {
    .name = "cross_entropy",
    .doc =
        "negative log-likelihood of the target class in nats; label_smoothing, z_loss and "
        "class_weights of train: shape it",
    .target = TargetKind::kClasses,
    .emit = [](const Attrs&, const Args& more, const LossInputs& in) {
      std::vector<Value> inputs = {in.output, in.target};
      if (in.group) inputs.push_back(in.group);
      const Value loss = in.output.graph->emit("cross_entropy", inputs, more);
      return LossValues{loss, loss.nth(2)};
    }};
}  // namespace cambium::loss_cross_entropy
