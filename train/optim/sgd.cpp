// Stochastic gradient descent: v = momentum v + (1 - dampening)(g + decay p); p -= lr v, or with
// Nesterov's look-ahead p -= lr (g + momentum v). Sutskever et al. 2013.
#include "train/spec/optim.h"

namespace cambium::optimizer_sgd {
namespace {
struct Sgd {
  double lr = 0.1, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;

  static constexpr auto fields = std::tuple{
      field("lr", &Sgd::lr, "peak learning rate").in(0),
      field("momentum", &Sgd::momentum, "share of the last direction that is kept").in(0, 1),
      field("dampening", &Sgd::dampening,
            "share of each gradient, the first too, that momentum leaves out; PyTorch leaves "
            "nothing out of the first")
          .in(0, kBelowOne),
      field("weight_decay", &Sgd::weight_decay, "L2 penalty, added to the gradient").in(0),
      field("nesterov", &Sgd::nesterov, "look ahead along the momentum")};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Sgd>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Sgd& a = attrs.as<Sgd>();
  const StateGroup momentum{"sgd.momentum"};
  emit_update_node(
      g, in, "sgd_update", {}, std::span(&momentum, a.momentum > 0 ? 1 : 0), a.weight_decay,
      {{"momentum", a.momentum}, {"nesterov", a.nesterov}, {"dampening", a.dampening}});
}

void idle(const Attrs& attrs, const IdleOption& report) {
  const Sgd& a = attrs.as<Sgd>();
  if (a.momentum > 0) return;
  if (a.nesterov) report("nesterov", "there is no momentum to look along");
  if (a.dampening > 0) report("dampening", "there is no momentum to dampen");
}
}  // namespace

extern const Optimizer optimizer_sgd;
const Optimizer optimizer_sgd = {.name = "sgd",
                                 .doc = "gradient descent with momentum",
                                 .paper = "Sutskever et al. 2013, ICML",
                                 .attrs = fields_of<Sgd>,
                                 .peak_lr = peak_lr,
                                 .emit = emit,
                                 .idle = idle,
                                 .steps = StepKind::kGradient};
}  // namespace cambium::optimizer_sgd
