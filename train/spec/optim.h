// Optimizer: a named rule that emits its update into the training graph; one file in train/optim/
// defines one.
#pragma once
#include <functional>
#include <optional>
#include <string_view>

#include "graph/graph.h"

namespace cambium {
// The most that a decay of a mean may be: at 1 the mean would never move from its start.
inline constexpr double kBelowOne = 0.999999;

// What the spec says about a parameter apart from the others (`groups:`).
struct ParameterGroup {
  double lr_scale = 1;
  std::optional<double> weight_decay = {};  // in place of the optimizer's, for any parameter
  // Of a parameterisation that scales with width: factors of the decay, and of Adam's eps.
  double decay_scale = 1, eps_scale = 1;
};

// What a rule may use. Parameters and gradients run in parallel.
struct OptimizerInputs {
  std::span<const Value> parameters, gradients;
  Value lr;     // f32 []
  Value scale;  // f32 []: what gradients are multiplied by (clipping, accumulation)
  Value step;   // i64 []: 1 at the first update
  std::span<const ParameterGroup> groups = {};  // one a parameter, or none
  // Parameters that begin to learn at other times have updates of their own (`unfreeze:`). What is
  // told apart in states of no parameter; and the whole model's parameters in its order, frozen or
  // not, none where those are `parameters`.
  std::string_view suffix = {};
  std::span<const Node* const> model = {};
};

// What an estimate of the curvature may use: gradients, in parallel to the parameters, of the mean
// cross-entropy against targets drawn from the model's own predictions.
struct CurvatureInputs {
  std::span<const Value> parameters, gradients;
  Value scored;  // f32 []: how many targets the mean is over
};

// A second plan beside the step, for optimizers that divide by the curvature; of class targets
// only.
struct Curvature {
  int64_t (*every)(const Attrs&) = nullptr;  // steps from one estimate to the next
  // Enters new values of states that `Optimizer::emit` has made too.
  void (*emit)(const Attrs&, Graph&, const CurvatureInputs&) = nullptr;
};

// How large an optimizer's steps are, for rules of width: Adam's do not depend on the size of the
// gradient, those of gradient descent do.
enum class StepKind { kOther, kAdam, kGradient };

// Takes the name of an option and why it does nothing beside the others.
using IdleOption = std::function<void(std::string_view option, const std::string& why)>;

struct Optimizer {
  std::string_view name, doc, paper;
  FieldSet attrs = {};
  double (*peak_lr)(const Attrs&) = nullptr;
  // Emits one update node for all parameters, makes the states it needs (named
  // "<state>.<parameter>") and enters new values in graph.updates.
  void (*emit)(const Attrs&, Graph&, const OptimizerInputs&) = nullptr;
  bool averages = false;  // its states "average.<parameter>" are what is evaluated
  std::optional<Curvature> curvature = {};
  // Names the options that do nothing beside the others; null where each always does something.
  void (*idle)(const Attrs&, const IdleOption&) = nullptr;
  StepKind steps = StepKind::kOther;
  // Its penalty enters a gradient whose size is divided out; null: there is none.
  double (*divided_penalty)(const Attrs&) = nullptr;
};

std::span<const Optimizer* const> builtin_optimizers();

// The state that holds the weights to evaluate in place of a parameter, where there is one.
std::string average_name(std::string_view parameter);

// One state a parameter, of its type, named "<prefix>.<parameter>", filled with `start`.
std::vector<Value> moment_states(Graph& g, std::string_view prefix, std::span<const Value> params,
                                 double start = 0);
// Per parameter: what its group says, else `weight_decay` where decay applies, else 0.
std::vector<double> decay_of(const OptimizerInputs& in, double weight_decay);
std::vector<double> lr_scales_of(const OptimizerInputs& in);
// Enters output first + i of `node` as the new value of target i.
void update_each(Graph& g, std::span<const Value> targets, Value node, int first);

struct StateGroup {
  std::string_view prefix;
  double start = 0;
};

// One node `op` of the inputs lr, scale, `scalars`, parameters, gradients and states, with the
// attributes weight_decay and lr_scale besides `args`, whose outputs are the parameters and the
// states. Enters them as updates and answers the node's first output.
Value emit_update_node(Graph& g, const OptimizerInputs& in, std::string_view op,
                       std::span<const Value> scalars, std::span<const StateGroup> states,
                       double weight_decay, Args args);
}  // namespace cambium
