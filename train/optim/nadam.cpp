// NAdam: Adam with Nesterov's look-ahead, under a momentum that grows. Dozat 2016, "Incorporating
// Nesterov momentum into Adam"; formula: ops/update/nadam_update.cpp.
#include "train/spec/optim.h"

namespace cambium::optimizer_nadam {
namespace {
struct Nadam {
  double lr = 2e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, momentum_decay = 4e-3, weight_decay = 0;
  bool decoupled = false;

  static constexpr auto fields = std::tuple{
      field("lr", &Nadam::lr, "peak learning rate").in(0),
      field("beta1", &Nadam::beta1, "decay of the mean gradient").in(0, kBelowOne),
      field("beta2", &Nadam::beta2, "decay of the mean squared gradient").in(0, kBelowOne),
      field("eps", &Nadam::eps, "added to the root").in(0),
      field("momentum_decay", &Nadam::momentum_decay, "how fast the momentum grows to beta1").in(0),
      field("weight_decay", &Nadam::weight_decay, "L2 penalty, added to the gradient").in(0),
      field("decoupled", &Nadam::decoupled, "weight decay apart from the gradient, as in AdamW")};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Nadam>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Nadam& a = attrs.as<Nadam>();
  emit_update_node(g, in, "nadam_update", {&in.step, 1},
                   std::array{StateGroup{"nadam.m"}, StateGroup{"nadam.v"}}, a.weight_decay,
                   {{"beta1", a.beta1},
                    {"beta2", a.beta2},
                    {"eps", a.eps},
                    {"momentum_decay", a.momentum_decay},
                    {"decoupled", a.decoupled}});
}

void idle(const Attrs& attrs, const IdleOption& report) {
  const Nadam& a = attrs.as<Nadam>();
  if (a.decoupled && a.weight_decay == 0) report("decoupled", "there is no weight decay");
}
}  // namespace

extern const Optimizer optimizer_nadam;
const Optimizer optimizer_nadam = {.name = "nadam",
                                   .doc = "Adam with Nesterov momentum",
                                   .paper = "Dozat 2016, ICLR workshop",
                                   .attrs = fields_of<Nadam>,
                                   .peak_lr = peak_lr,
                                   .emit = emit,
                                   .idle = idle};
}  // namespace cambium::optimizer_nadam
