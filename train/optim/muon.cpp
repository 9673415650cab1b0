// Muon: a momentum whose matrices are made orthogonal before each step. Jordan et al. 2024,
// https://kellerjordan.github.io/posts/muon/; sizes of the step: Liu et al. 2025, arXiv 2502.16982.
//   m' = momentum m + (1 - momentum) g;  u = m', or (1 - momentum) g + momentum m' with Nesterov;
//   X = u / |u|, then `iterations` times  X = a X + (b A + c A A) X,  A = X X^T   (Newton-Schulz)
//   W' = W (1 - lr decay) - lr size X
// where for W [R,C] size = 0.2 sqrt(max(R, C)) (adjust: rms, steps as large as AdamW's) or
// sqrt(max(1, C / R)) (adjust: original). It serves the matrices that decay (a convolution
// [K,K,C,O] as [K K C, O]) except those `adamw` names and, with `head: adamw`, the last one, the
// output layer; those and everything else take AdamW's step.
#include <algorithm>
#include <cmath>

#include "train/optim/optim_adam.h"
#include "train/spec/glob.h"

namespace cambium::optimizer_muon {
namespace {
struct Muon {
  double lr = 1e-3, momentum = 0.95, weight_decay = 0.1, eps = 1e-7;
  int64_t iterations = 5;
  bool nesterov = true;
  std::string adjust = "rms", head = "adamw";
  std::vector<std::string> adamw = {"*embed*", "*position*"};
  double adamw_lr = 0, beta1 = 0.9, beta2 = 0.95, adamw_eps = 1e-8;

  static constexpr auto fields = std::tuple{
      field("lr", &Muon::lr, "peak learning rate").in(1e-12),
      field("momentum", &Muon::momentum, "share of the last direction that is kept")
          .in(0, kBelowOne),
      field("weight_decay", &Muon::weight_decay,
            "share of lr a step shrinks weights by; not the gradient")
          .in(0),
      field("eps", &Muon::eps, "least norm that a direction is divided by").in(1e-30),
      field("iterations", &Muon::iterations, "Newton-Schulz steps towards an orthogonal matrix")
          .in(1, 20),
      field("nesterov", &Muon::nesterov, "look ahead along the momentum"),
      field("adjust", &Muon::adjust,
            "size of a step; rms: as large as AdamW's, so that its lr suits; original: the rate of "
            "Jordan et al., about 20 times larger")
          .one_of("rms|original"),
      field("head", &Muon::head, "who moves the last matrix, the output layer")
          .one_of("adamw|muon"),
      field("adamw", &Muon::adamw, "patterns of the matrices that AdamW moves"),
      field("adamw_lr", &Muon::adamw_lr, "AdamW's peak learning rate; 0: lr").in(0),
      field("beta1", &Muon::beta1, "AdamW's decay of the mean gradient").in(0, kBelowOne),
      field("beta2", &Muon::beta2, "AdamW's decay of the mean squared gradient").in(0, kBelowOne),
      field("adamw_eps", &Muon::adamw_eps, "AdamW's term added to the root").in(0)};
};

double peak_lr(const Attrs& attrs) {
  return attrs.as<Muon>().lr;
}

bool is_matrix(const Shape& s) {
  return s.rank() == 2 || (s.rank() == 4 && s[2] > 1);  // a depthwise kernel mixes no channels
}

bool is_moved(const Node& n) {
  return n.parameter.decay && is_matrix(n.outputs[0].shape);
}

// The model's last matrix, also where it is frozen: the one before it is no output layer then.
std::string last_matrix(const Graph& g, const OptimizerInputs& in) {
  std::string last;
  for (const Value p : in.parameters)
    if (is_moved(g.node(p.node))) last = g.node(p.node).scope.path;
  for (const Node* n : in.model)
    if (is_moved(*n)) last = n->scope.path;
  return last;
}

// Which parameters Muon moves.
std::vector<bool> moved_by_muon(const Muon& a, const Graph& g, const OptimizerInputs& in) {
  const std::string head = a.head == "adamw" ? last_matrix(g, in) : "";
  std::vector<bool> out;
  for (const Value p : in.parameters) {
    const Node& n = g.node(p.node);
    const bool named = std::ranges::any_of(
        a.adamw, [&](const std::string& text) { return glob_matches(text, n.scope.path); });
    out.push_back(is_moved(n) && !named && n.scope.path != head);
  }
  return out;
}

// A part of the inputs: parameters, gradients and groups of the chosen ones.
struct Part {
  std::vector<Value> parameters, gradients;
  std::vector<ParameterGroup> groups;

  Part(const OptimizerInputs& in, const std::vector<bool>& chosen, bool which) {
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i] != which) continue;
      parameters.push_back(in.parameters[i]);
      gradients.push_back(in.gradients[i]);
      groups.push_back(in.groups.empty() ? ParameterGroup{} : in.groups[i]);
    }
  }

  OptimizerInputs inputs(const OptimizerInputs& all) const {
    OptimizerInputs in = all;
    in.parameters = parameters;
    in.gradients = gradients;
    in.groups = groups;
    return in;
  }
};

// Jordan's coefficients: the slope at 0 is as large as convergence to about 1 allows.
constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;

// An almost orthogonal matrix near the direction of `u` [R,C].
Value orthogonal(Graph& g, const Muon& a, Value u) {
  const bool tall = u.shape()[0] > u.shape()[1];  // products of the short side
  const Value norm = g.emit("maximum", {g.emit("global_norm", {u}), g.scalar(a.eps)});
  Value x = g.emit("div", {u, norm});
  for (int64_t i = 0; i < a.iterations; ++i) {
    const Value gram = g.emit("matmul", {x, x}, {{"transpose_a", tall}, {"transpose_b", !tall}});
    const Value square = g.emit("scale", {g.emit("matmul", {gram, gram})}, {{"a", kC}});
    const Value factor = g.emit("add", {g.emit("scale", {gram}, {{"a", kB}}), square});
    const Value turned = tall ? g.emit("matmul", {x, factor}) : g.emit("matmul", {factor, x});
    x = g.emit("add", {g.emit("scale", {x}, {{"a", kA}}), turned});
  }
  return x;
}

void emit_matrices(const Muon& a, Graph& g, const OptimizerInputs& in) {
  const std::vector<Value> moments = moment_states(g, "muon.m", in.parameters);
  std::vector<double> decay = decay_of(in, a.weight_decay), lr_scale = lr_scales_of(in);
  std::vector<Value> directions;
  for (size_t i = 0; i < moments.size(); ++i) {
    const Value gradient = g.emit("mul", {in.gradients[i], in.scale});
    const Value m = g.emit("lerp", {moments[i], gradient}, {{"t", 1 - a.momentum}});
    g.updates.push_back({moments[i].node, port_of(m)});
    const Value u = a.nesterov ? g.emit("lerp", {gradient, m}, {{"t", a.momentum}}) : m;
    const int64_t columns = u.shape().last(), rows = u.shape().rows();
    const Value flat = g.emit("reshape", {u}, {{"shape", std::vector<int64_t>{rows, columns}}});
    const std::vector<int64_t> dims(u.shape().dims().begin(), u.shape().dims().end());
    directions.push_back(g.emit("reshape", {orthogonal(g, a, flat)}, {{"shape", dims}}));
    const double size = a.adjust == "rms"
                            ? 0.2 * std::sqrt(double(std::max(rows, columns)))
                            : std::sqrt(std::max(1.0, double(columns) / double(rows)));
    lr_scale[i] *= size;
    decay[i] /= size;  // sgd_update multiplies it by lr_scale again
  }
  std::vector<Value> inputs = {in.lr, g.scalar(1)};
  inputs.insert(inputs.end(), in.parameters.begin(), in.parameters.end());
  inputs.insert(inputs.end(), directions.begin(), directions.end());
  const Value out = g.emit("sgd_update", inputs, {{"weight_decay", decay}, {"lr_scale", lr_scale}});
  update_each(g, in.parameters, out, 0);
}

void emit(const Attrs& attrs, Graph& g, const OptimizerInputs& in) {
  const Muon& a = attrs.as<Muon>();
  const std::vector<bool> muon = moved_by_muon(a, g, in);
  const Part matrices(in, muon, true);
  Part rest(in, muon, false);
  if (!matrices.parameters.empty()) emit_matrices(a, g, matrices.inputs(in));
  if (rest.parameters.empty()) return;
  if (a.adamw_lr > 0)
    for (ParameterGroup& group : rest.groups) group.lr_scale *= a.adamw_lr / a.lr;
  emit_adam(g, rest.inputs(in), {a.beta1, a.beta2, a.adamw_eps, a.weight_decay, true});
}
}  // namespace

extern const Optimizer optimizer_muon;
const Optimizer optimizer_muon = {.name = "muon",
                                  .doc = "orthogonal steps for matrices, AdamW for the rest",
                                  .paper = "Jordan et al. 2024, kellerjordan.github.io/posts/muon",
                                  .attrs = fields_of<Muon>,
                                  .peak_lr = peak_lr,
                                  .emit = emit};
}  // namespace cambium::optimizer_muon
