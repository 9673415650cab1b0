// RAdam: Adam whose step waits until its squares are trusted, a warm-up by itself. Liu et al. 2020,
// arXiv 1908.03265; formula: ops/update/radam_update.cpp.
#include "train/spec/optim.h"

namespace cambium::optimizer_radam {
namespace {
struct Radam {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;

  static constexpr auto fields = std::tuple{
      field("lr", &Radam::lr, "peak learning rate").in(0),
      field("beta1", &Radam::beta1, "decay of the mean gradient").in(0, kBelowOne),
      field("beta2", &Radam::beta2, "decay of the mean squared gradient").in(0, kBelowOne),
      field("eps", &Radam::eps, "added to the root").in(0),
      field("weight_decay", &Radam::weight_decay, "L2 penalty, added to the gradient").in(0),
      field("decoupled", &Radam::decoupled, "weight decay apart from the gradient, as in AdamW")};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Radam>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Radam& a = attrs.as<Radam>();
  emit_update_node(
      g, in, "radam_update", {&in.step, 1},
      std::array{StateGroup{"radam.m"}, StateGroup{"radam.v"}}, a.weight_decay,
      {{"beta1", a.beta1}, {"beta2", a.beta2}, {"eps", a.eps}, {"decoupled", a.decoupled}});
}

void idle(const Attrs& attrs, const IdleOption& report) {
  const Radam& a = attrs.as<Radam>();
  if (a.decoupled && a.weight_decay == 0) report("decoupled", "there is no weight decay");
}
}  // namespace

extern const Optimizer optimizer_radam;
const Optimizer optimizer_radam = {.name = "radam",
                                   .doc = "Adam with a rectified start",
                                   .paper = "Liu et al. 2020, arXiv 1908.03265",
                                   .attrs = fields_of<Radam>,
                                   .peak_lr = peak_lr,
                                   .emit = emit,
                                   .idle = idle};
}  // namespace cambium::optimizer_radam
