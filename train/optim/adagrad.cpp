// Adagrad: steps of the gradient over the root of the sum of all its squares. Duchi et al. 2011,
// JMLR 12; formula: ops/update/adagrad_update.cpp.
#include "train/spec/optim.h"

namespace cambium::optimizer_adagrad {
namespace {
struct Adagrad {
  double lr = 1e-2, lr_decay = 0, initial = 0, eps = 1e-10, weight_decay = 0;

  static constexpr auto fields = std::tuple{
      field("lr", &Adagrad::lr, "peak learning rate").in(0),
      field("lr_decay", &Adagrad::lr_decay, "lr is divided by 1 + (step - 1) of this").in(0),
      field("initial", &Adagrad::initial, "what the sums of squares start with").in(0),
      field("eps", &Adagrad::eps, "added to the root").in(0),
      field("weight_decay", &Adagrad::weight_decay, "L2 penalty, added to the gradient").in(0)};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Adagrad>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Adagrad& a = attrs.as<Adagrad>();
  emit_update_node(g, in, "adagrad_update", {&in.step, 1},
                   std::array{StateGroup{"adagrad.sum", a.initial}}, a.weight_decay,
                   {{"lr_decay", a.lr_decay}, {"eps", a.eps}});
}
}  // namespace

extern const Optimizer optimizer_adagrad;
const Optimizer optimizer_adagrad = {.name = "adagrad",
                                     .doc = "gradient over the root of the sum of its squares",
                                     .paper = "Duchi et al. 2011, JMLR 12",
                                     .attrs = fields_of<Adagrad>,
                                     .peak_lr = peak_lr,
                                     .emit = emit};
}  // namespace cambium::optimizer_adagrad
