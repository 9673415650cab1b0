// AdamW: Adam whose weight decay p -= lr decay p stands apart from the gradient. Loshchilov and
// Hutter 2019, arXiv 1711.05101.
#include "train/optim/optim_adam.h"

namespace cambium::optimizer_adamw {
namespace {
struct AdamW {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;

  static constexpr auto fields = std::tuple{
      field("lr", &AdamW::lr, "peak learning rate").in(0),
      field("beta1", &AdamW::beta1, "decay of the mean gradient").in(0, kBelowOne),
      field("beta2", &AdamW::beta2, "decay of the mean squared gradient").in(0, kBelowOne),
      field("eps", &AdamW::eps, "added to the root").in(0),
      field("weight_decay", &AdamW::weight_decay,
            "share of lr a step shrinks weights by; not the gradient")
          .in(0)};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<AdamW>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const AdamW& a = attrs.as<AdamW>();
  emit_adam(g, in, {a.beta1, a.beta2, a.eps, a.weight_decay, true});
}
}  // namespace

extern const Optimizer optimizer_adamw;
const Optimizer optimizer_adamw = {.name = "adamw",
                                   .doc = "Adam with decoupled weight decay",
                                   .paper = "Loshchilov and Hutter 2019, arXiv 1711.05101",
                                   .attrs = fields_of<AdamW>,
                                   .peak_lr = peak_lr,
                                   .emit = emit,
                                   .steps = StepKind::kAdam};
}  // namespace cambium::optimizer_adamw
