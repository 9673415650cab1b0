// Adafactor: squares of a matrix kept as means of its rows and columns, so that it costs almost no
// memory. Shazeer and Stern 2018, arXiv 1804.04235; formula: ops/update/adafactor_update.cpp.
#include "train/spec/optim.h"

namespace cambium::optimizer_adafactor {
namespace {
struct Adafactor {
  // The rate is a share of the size of each tensor, and at most step^-0.5.
  double lr = 1e-2, beta2_decay = 0.8, eps1 = 1.1920928955078125e-7, eps2 = 1e-3, clip = 1,
         weight_decay = 0;

  static constexpr auto fields = std::tuple{
      field("lr", &Adafactor::lr, "peak learning rate").in(0),
      field("beta2_decay", &Adafactor::beta2_decay,
            "the mean of squares moves to the newest by step^-beta2_decay")
          .in(0, 1),
      field("eps1", &Adafactor::eps1, "least root of a mean square").in(1e-18, 1),
      field("eps2", &Adafactor::eps2, "least size of a tensor, which scales its step").in(0),
      field("clip", &Adafactor::clip, "largest root mean square of a step before lr").in(1e-6),
      field("weight_decay", &Adafactor::weight_decay,
            "share of lr a step shrinks weights by; not the gradient")
          .in(0)};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Adafactor>().lr;
}

Shape without_axis(const Shape& s, int axis) {
  std::vector<int64_t> dims(s.dims().begin(), s.dims().end());
  dims.erase(dims.begin() + axis);
  return Shape(std::span<const int64_t>(dims));
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Adafactor& a = attrs.as<Adafactor>();
  const int n = int(in.parameters.size());
  std::vector<Value> inputs = {in.lr, in.scale, in.step}, states, columns;
  for (Value p : in.parameters) {
    const std::string& name = g.node(p.node).scope.path;
    const bool factored = p.shape().rank() >= 2;
    const Shape rows = factored ? without_axis(p.shape(), p.shape().rank() - 1) : p.shape();
    states.push_back(g.state(str("adafactor.rows.", name), {DType::kF32, rows}));
    if (factored)
      columns.push_back(g.state(str("adafactor.columns.", name),
                                {DType::kF32, without_axis(p.shape(), p.shape().rank() - 2)}));
  }
  states.insert(states.end(), columns.begin(), columns.end());
  for (const auto& part : {in.parameters, in.gradients, std::span<const Value>(states)})
    inputs.insert(inputs.end(), part.begin(), part.end());
  const Value out = g.emit("adafactor_update", inputs,
                           {{"beta2_decay", a.beta2_decay},
                            {"eps1", a.eps1},
                            {"eps2", a.eps2},
                            {"clip", a.clip},
                            {"weight_decay", decay_of(in, a.weight_decay)},
                            {"lr_scale", lr_scales_of(in)}});
  update_each(g, in.parameters, out, 0);
  update_each(g, states, out, n);
}
}  // namespace

extern const Optimizer optimizer_adafactor;
const Optimizer optimizer_adafactor = {
    .name = "adafactor",
    .doc = "Adam whose squares are factored into rows and columns",
    .paper = "Shazeer and Stern 2018, arXiv 1804.04235",
    .attrs = fields_of<Adafactor>,
    .peak_lr = peak_lr,
    .emit = emit};
}  // namespace cambium::optimizer_adafactor
