// Sophia-G: steps along a momentum divided by the diagonal of the Gauss-Newton matrix, none larger
// than lr. Liu et al. 2023, arXiv 2305.14342, algorithms 2 and 3; the step:
// ops/update/sophia_update.cpp. Every `every` steps, from the first on, targets are drawn from the
// model's own softmax on the batch of the step, and with G the gradient of the mean cross-entropy
// against the n drawn ones
//   h' = b2 h + (1 - b2) n G^2                                   (Gauss-Newton-Bartlett)
// whose mean over draws is the diagonal. It is that of the plain cross-entropy: label smoothing
// does not change it, z_loss, class weights and auxiliary losses shape the gradient alone. With
// accumulation the first batch of a step serves.
#include "train/spec/optim.h"

namespace cambium::optimizer_sophia {
namespace {
struct Sophia {
  double lr = 1e-3, beta1 = 0.96, beta2 = 0.99, rho = 0.05, eps = 1e-12, weight_decay = 0.1;
  int64_t every = 10;

  static constexpr auto fields = std::tuple{
      field("lr", &Sophia::lr, "peak learning rate, the most that a weight moves in a step").in(0),
      field("beta1", &Sophia::beta1, "decay of the mean gradient").in(0, kBelowOne),
      field("beta2", &Sophia::beta2, "decay of the mean curvature").in(0, kBelowOne),
      field("rho", &Sophia::rho,
            "factor of the curvature that a step is divided by; larger: fewer steps are cut to lr")
          .in(0),
      field("eps", &Sophia::eps, "least number that a step is divided by").in(1e-30),
      field("weight_decay", &Sophia::weight_decay,
            "share of lr a step shrinks weights by; not the gradient")
          .in(0),
      field("every", &Sophia::every,
            "steps from one estimate of the curvature to the next; an estimate costs about a step")
          .in(1)};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Sophia>().lr;
}

int64_t every(const Attrs& attrs) {
  return attrs.as<Sophia>().every;
}

constexpr std::string_view kCurvature = "sophia.h";

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Sophia& a = attrs.as<Sophia>();
  emit_update_node(g, in, "sophia_update", {},
                   std::array{StateGroup{"sophia.m"}, StateGroup{kCurvature}}, a.weight_decay,
                   {{"beta1", a.beta1}, {"rho", a.rho}, {"eps", a.eps}});
}

void emit_curvature(const Attrs& attrs, Graph& g, const CurvatureInputs& in) {
  const Sophia& a = attrs.as<Sophia>();
  const std::vector<Value> states = moment_states(g, kCurvature, in.parameters);
  for (size_t i = 0; i < states.size(); ++i) {
    const Value square = g.emit("mul", {g.emit("square", {in.gradients[i]}), in.scored});
    const Value mean = g.emit("lerp", {states[i], square}, {{"t", 1 - a.beta2}});
    g.updates.push_back({states[i].node, port_of(mean)});
  }
}
}  // namespace

extern const Optimizer optimizer_sophia;
const Optimizer optimizer_sophia = {.name = "sophia",
                                    .doc =
                                        "momentum divided by an estimate of the curvature, each "
                                        "step cut to lr; for class targets",
                                    .paper = "Liu et al. 2023, arXiv 2305.14342",
                                    .attrs = fields_of<Sophia>,
                                    .peak_lr = peak_lr,
                                    .emit = emit,
                                    .curvature = Curvature{every, emit_curvature}};
}  // namespace cambium::optimizer_sophia
