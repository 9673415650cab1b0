// Lion: steps of one size along the sign of a momentum. Chen et al. 2023, arXiv 2302.06675;
// formula: ops/update/lion_update.cpp. Its lr is three to ten times smaller, its decay larger than
// AdamW's.
#include "train/spec/optim.h"

namespace cambium::optimizer_lion {
namespace {
struct Lion {
  double lr = 1e-4, beta1 = 0.9, beta2 = 0.99, weight_decay = 0;

  static constexpr auto fields = std::tuple{
      field("lr", &Lion::lr, "peak learning rate").in(0),
      field("beta1", &Lion::beta1, "share of the momentum in the direction").in(0, kBelowOne),
      field("beta2", &Lion::beta2, "decay of the momentum").in(0, kBelowOne),
      field("weight_decay", &Lion::weight_decay,
            "share of lr a step shrinks weights by; not the gradient")
          .in(0)};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Lion>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Lion& a = attrs.as<Lion>();
  emit_update_node(g, in, "lion_update", {}, std::array{StateGroup{"lion.m"}}, a.weight_decay,
                   {{"beta1", a.beta1}, {"beta2", a.beta2}});
}
}  // namespace

extern const Optimizer optimizer_lion;
const Optimizer optimizer_lion = {.name = "lion",
                                  .doc = "steps of one size along the sign of a momentum",
                                  .paper = "Chen et al. 2023, arXiv 2302.06675",
                                  .attrs = fields_of<Lion>,
                                  .peak_lr = peak_lr,
                                  .emit = emit};
}  // namespace cambium::optimizer_lion
