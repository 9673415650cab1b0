// RMSprop: steps of the gradient over the root of its mean square. Tieleman and Hinton 2012,
// lecture 6.5; centered: Graves 2013, arXiv 1308.0850; formula: ops/update/rmsprop_update.cpp.
#include "train/spec/optim.h"

namespace cambium::optimizer_rmsprop {
namespace {
struct RmsProp {
  double lr = 1e-2, alpha = 0.99, eps = 1e-8, momentum = 0, weight_decay = 0;
  bool centered = false;

  static constexpr auto fields = std::tuple{
      field("lr", &RmsProp::lr, "peak learning rate").in(0),
      field("alpha", &RmsProp::alpha, "decay of the mean squared gradient").in(0, kBelowOne),
      field("eps", &RmsProp::eps, "added to the root").in(0),
      field("momentum", &RmsProp::momentum, "share of the last direction that is kept")
          .in(0, kBelowOne),
      field("weight_decay", &RmsProp::weight_decay, "L2 penalty, added to the gradient").in(0),
      field("centered", &RmsProp::centered, "divide by the deviation of the gradient instead")};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<RmsProp>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const RmsProp& a = attrs.as<RmsProp>();
  std::vector<StateGroup> states = {{"rmsprop.square"}};
  if (a.centered) states.push_back({"rmsprop.mean"});
  if (a.momentum > 0) states.push_back({"rmsprop.momentum"});
  emit_update_node(
      g, in, "rmsprop_update", {}, states, a.weight_decay,
      {{"alpha", a.alpha}, {"eps", a.eps}, {"momentum", a.momentum}, {"centered", a.centered}});
}
}  // namespace

extern const Optimizer optimizer_rmsprop;
const Optimizer optimizer_rmsprop = {.name = "rmsprop",
                                     .doc = "gradient over the root of its mean square",
                                     .paper = "Tieleman and Hinton 2012, Coursera lecture 6.5",
                                     .attrs = fields_of<RmsProp>,
                                     .peak_lr = peak_lr,
                                     .emit = emit};
}  // namespace cambium::optimizer_rmsprop
