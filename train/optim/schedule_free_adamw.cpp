// Schedule-free AdamW: gradients are taken between a fast sequence and its average, and the average
// is what is evaluated, so that the rate need not fall: use it with schedule: constant. Running
// statistics of batch norm belong to the training weights, not to the average. Defazio et al. 2024,
// arXiv 2405.15682; formula: ops/update/schedule_free_update.cpp.
#include "train/spec/optim.h"

namespace cambium::optimizer_schedule_free_adamw {
namespace {
struct ScheduleFreeAdamW {
  double lr = 2.5e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;

  static constexpr auto fields =
      std::tuple{field("lr", &ScheduleFreeAdamW::lr, "peak learning rate").in(0),
                 field("beta1", &ScheduleFreeAdamW::beta1,
                       "where gradients are taken: 0 at the fast sequence, 1 at the average")
                     .in(0, 1),
                 field("beta2", &ScheduleFreeAdamW::beta2, "decay of the mean squared gradient")
                     .in(0, kBelowOne),
                 field("eps", &ScheduleFreeAdamW::eps, "added to the root").in(0),
                 field("weight_decay", &ScheduleFreeAdamW::weight_decay,
                       "share of lr a step shrinks weights by; not the gradient")
                     .in(0)};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<ScheduleFreeAdamW>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const ScheduleFreeAdamW& a = attrs.as<ScheduleFreeAdamW>();
  const Value sum = g.state(str("schedule_free.sum", in.suffix), {DType::kF32, {}});
  const Value weight = g.emit("schedule_free_weight", {in.lr, in.step, sum}, {{"beta2", a.beta2}});
  g.updates.push_back({sum.node, port_of(weight.nth(1))});
  emit_update_node(g, in, "schedule_free_update", std::array{in.step, weight},
                   std::array{StateGroup{"schedule_free.z"}, StateGroup{"average"},
                              StateGroup{"schedule_free.v"}},
                   a.weight_decay, {{"beta1", a.beta1}, {"beta2", a.beta2}, {"eps", a.eps}});
}
}  // namespace

extern const Optimizer optimizer_schedule_free_adamw;
const Optimizer optimizer_schedule_free_adamw = {
    .name = "schedule_free_adamw",
    .doc = "AdamW that evaluates an average and needs no falling rate",
    .paper = "Defazio et al. 2024, arXiv 2405.15682",
    .attrs = fields_of<ScheduleFreeAdamW>,
    .peak_lr = peak_lr,
    .emit = emit,
    .averages = true};
}  // namespace cambium::optimizer_schedule_free_adamw
