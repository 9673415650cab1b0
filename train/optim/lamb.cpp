// LAMB: Adam whose step of each tensor follows the tensor's norm, for large batches. You et al.
// 2020, arXiv 1904.00962; formula: ops/update/lamb_update.cpp. As in the authors' code, tensors
// without weight decay (biases, norms) take Adam's step unless adapt_all.
#include "train/spec/optim.h"

namespace cambium::optimizer_lamb {
namespace {
struct Lamb {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-6, weight_decay = 0.01;
  bool adapt_all = false;

  static constexpr auto fields = std::tuple{
      field("lr", &Lamb::lr, "peak learning rate").in(0),
      field("beta1", &Lamb::beta1, "decay of the mean gradient").in(0, kBelowOne),
      field("beta2", &Lamb::beta2, "decay of the mean squared gradient").in(0, kBelowOne),
      field("eps", &Lamb::eps, "added to the root").in(0),
      field("weight_decay", &Lamb::weight_decay,
            "share of lr a step shrinks weights by; not the gradient")
          .in(0),
      field("adapt_all", &Lamb::adapt_all, "scale the steps of biases and norms too")};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Lamb>().lr;
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Lamb& a = attrs.as<Lamb>();
  std::vector<double> adapts;
  for (Value p : in.parameters)
    adapts.push_back(a.adapt_all || g.node(p.node).parameter.decay ? 1 : 0);
  emit_update_node(g, in, "lamb_update", {&in.step, 1},
                   std::array{StateGroup{"lamb.m"}, StateGroup{"lamb.v"}}, a.weight_decay,
                   {{"beta1", a.beta1}, {"beta2", a.beta2}, {"eps", a.eps}, {"adapts", adapts}});
}
}  // namespace

extern const Optimizer optimizer_lamb;
const Optimizer optimizer_lamb = {.name = "lamb",
                                  .doc = "Adam with steps as long as each tensor's norm",
                                  .paper = "You et al. 2020, arXiv 1904.00962",
                                  .attrs = fields_of<Lamb>,
                                  .peak_lr = peak_lr,
                                  .emit = emit};
}  // namespace cambium::optimizer_lamb
