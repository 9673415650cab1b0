// Adam: steps of m / (sqrt(v) + eps) with bias-corrected moments. Kingma and Ba 2015, arXiv
// 1412.6980.
#include "train/optim/optim_adam.h"

namespace cambium::optimizer_adam {
namespace {
struct Adam {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;

  static constexpr auto fields = std::tuple{
      field("lr", &Adam::lr, "peak learning rate").in(0),
      field("beta1", &Adam::beta1, "decay of the mean gradient").in(0, kBelowOne),
      field("beta2", &Adam::beta2, "decay of the mean squared gradient").in(0, kBelowOne),
      field("eps", &Adam::eps, "added to the root").in(0),
      field("weight_decay", &Adam::weight_decay, "L2 penalty, added to the gradient").in(0)};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Adam>().lr;
}

double penalty(const Attrs& attrs) {
  return attrs.as<Adam>().weight_decay;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Adam& a = attrs.as<Adam>();
  emit_adam(g, in, {a.beta1, a.beta2, a.eps, a.weight_decay, false});
}
}  // namespace

extern const Optimizer optimizer_adam;
const Optimizer optimizer_adam = {.name = "adam",
                                  .doc = "Adam; weight decay is an L2 penalty",
                                  .paper = "Kingma and Ba 2015, arXiv 1412.6980",
                                  .attrs = fields_of<Adam>,
                                  .peak_lr = peak_lr,
                                  .emit = emit,
                                  .steps = StepKind::kAdam,
                                  .divided_penalty = penalty};
}  // namespace cambium::optimizer_adam
