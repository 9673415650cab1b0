#include "search/ladder/ladder_plan.h"

#include <algorithm>
#include <cmath>

#include "core/system/threads.h"
#include "core/text/fmt.h"
#include "search/ladder/ladder_budget.h"
#include "search/ladder/ladder_sizes.h"
#include "search/runs/timing.h"
#include "search/study/spec_edit.h"
#include "search/study/study_models.h"
#include "search/study/study_plan.h"

namespace cambium {
namespace {
constexpr double kSecondsATiming = 0.3;

// Places of a sequence, whose symbols or vectors come one after the other; none of other data.
std::optional<int64_t> places_of(const DataShape& shape) {
  if (shape.domain != Domain::kIds && shape.domain != Domain::kTokens) return std::nullopt;
  return shape.x.shape[1];
}

std::string length_text(const ScaleGoal& goal, double length) {
  constexpr std::string_view letters = "dtc";  // in the order of ScaleGoal::Length
  const bool whole = length == std::floor(length) && length < 1e15;
  return str(letters[size_t(goal.length)],
             whole ? fmt::format("{:.0f}", length) : fmt::format("{:g}", length));
}

std::optional<ReferenceLoss> own_loss_of(const Dataset& data) {
  std::optional<ReferenceLoss> out;
  for (const ReferenceLoss& r : data.reference_losses())
    if (r.drawn == Split::kValidation || (r.floor && !out)) out = r;
  return out;
}

class LadderPlanner {
 public:
  LadderPlanner(LadderPlan& plan, const LadderOptions& options)
      : plan_(plan), goal_(*plan.study.scale), options_(options), errors_(plan.study) {}

  void plan();

 private:
  void plan_variant_of(const Variant& v);
  void settle_data(const Experiment& any, const Variant& v);
  void add_rung(const Variant& v, const Spec& spec, const Experiment& any, int64_t size);
  void add_point(const Spec& sized, const Experiment& any, double length);
  double wanted_tokens(const Experiment& sized, double params, double length) const;
  int64_t steps_of(const Experiment& e, double tokens, double length) const;
  void check_point(const Experiment& any, const PlannedVariant& p);
  void note_scaling(const Experiment& e);
  void time_rung();
  void order_runs();

  LadderPlan& plan_;
  const ScaleGoal& goal_;
  const LadderOptions& options_;
  VariantErrors errors_;
  DataCache data_;
  Mark scaling_;         // of the variant's parameterisation
  bool scales_ = false;  // whether it changes any weight of any size
};

void LadderPlanner::plan() {
  check_model_files(plan_.study);
  if (!goal_.small_task.empty()) plan_.small_task = read_small_task(plan_.study);
  for (const Variant& v : plan_.study.variants) errors_.collect(v, [&] { plan_variant_of(v); });
  errors_.throw_if_any();
  order_runs();
  require_budget(plan_);
}

void LadderPlanner::plan_variant_of(const Variant& v) {
  const Spec spec = variant_spec(plan_.study, v);
  const Experiment any = data_.open(spec);
  settle_data(any, v);
  const std::vector<double> targets = goal_.targets();
  scales_ = false;
  Diagnostics errors;
  for (size_t i = 0; i < targets.size(); ++i) try {
      add_rung(v, spec, any, int64_t(i));
    } catch (const UserErrors& e) {
      errors.add_all(e);
    } catch (const UserError& e) {
      errors.add(e);
    }
  errors.throw_if_any();
  if (!scales_)
    throw UserError(str("base: names nothing that the sizes of '", v.name,
                        "' depend on: every weight is as "
                        "large as at base, and nothing would be scaled"),
                    str("name what scale.free does: ", goal_.free[0].key), scaling_);
}

void LadderPlanner::note_scaling(const Experiment& e) {
  scaling_ = e.parameterisation.mark;
  scales_ = scales_ || !e.parameterisation.scales() ||
            std::ranges::any_of(model_of(e, 1, true).growth,
                                [](const auto& g) { return g.second != WeightGrowth{}; });
}

// Laws of variants are compared by tokens, which must be the same.
void LadderPlanner::settle_data(const Experiment& any, const Variant& v) {
  const std::optional<int64_t> places = places_of(any.data->shape(1));
  const int64_t unique = any.data->count(Split::kTrain) * places.value_or(1);
  if (plan_.unique_tokens > 0 &&
      (unique != plan_.unique_tokens || places.value_or(1) != plan_.tokens_per_example))
    throw UserError(str("variant '", v.name, "' is trained on ", unique, " tokens in pieces of ",
                        places.value_or(1), ", the ones before it on ", plan_.unique_tokens,
                        " in pieces of ", plan_.tokens_per_example),
                    "a ladder's variants share their data: override the model alone", v.mark);
  plan_.unique_tokens = unique;
  plan_.tokens_per_example = places.value_or(1);
  plan_.sequences = places.has_value();
  plan_.own_loss = own_loss_of(*any.data);
}

void LadderPlanner::add_rung(const Variant& v, const Spec& spec, const Experiment& any,
                             int64_t size) {
  const double target = goal_.targets()[size_t(size)];
  const Match match = solve_size(spec, goal_, target, any);
  Spec sized = spec;
  set_size(sized, goal_, match.value, any.vars);
  const Experiment e = data_.open(sized);
  note_scaling(e);
  LadderRung rung{.variant = v.name,
                  .size = size,
                  .target = target,
                  .params = count_parameters(model_of(e, 1, true).graph),
                  .chosen = chosen_text(sized, goal_)};
  for (const LadderRung& r : plan_.rungs)
    if (r.variant == v.name && r.params == rung.params)
      throw UserError(
          fmt::format("sizes of {:.0f} and {:.0f} parameters are met by one model of '{}' ({})",
                      r.target, target, v.name, r.chosen),
          "choose fewer sizes or ends farther apart", goal_.params_mark);
  plan_.rungs.push_back(std::move(rung));
  for (double length : goal_.lengths) add_point(sized, any, length);
  if (options_.timed) time_rung();
}

double LadderPlanner::wanted_tokens(const Experiment& sized, double params, double length) const {
  switch (goal_.length) {
    case ScaleGoal::Length::kTokensPerParam:
      return length * params;
    case ScaleGoal::Length::kTokens:
      return length;
    case ScaleGoal::Length::kFlops:
      return length / step_cost(sized).flops_per_step *
             double(sized.examples_per_update() * plan_.tokens_per_example);
  }
  return 0;
}

int64_t LadderPlanner::steps_of(const Experiment& e, double tokens, double length) const {
  const double steps = goal_.length == ScaleGoal::Length::kFlops
                           ? length / step_cost(e).flops_per_step
                           : tokens / double(e.examples_per_update() * plan_.tokens_per_example);
  return std::max<int64_t>(1, std::llround(steps));
}

void LadderPlanner::add_point(const Spec& sized, const Experiment& any, double length) {
  const LadderRung& rung = plan_.rungs.back();
  const auto smallest = std::ranges::find(plan_.rungs, rung.variant, &LadderRung::variant);
  RunLength known{.params = double(rung.params.total),
                  .ratio = double(rung.params.total) / double(smallest->params.total)};
  known.tokens = wanted_tokens(data_.open(sized), known.params, length);
  Spec spec = sized;
  set_following(spec, goal_, known, any.vars, false);
  const Experiment e = data_.open(spec);
  const int64_t steps = steps_of(e, known.tokens, length);
  known.steps = double(steps);
  set_following(spec, goal_, known, any.vars, true);
  PlannedVariant planned = plan_variant(rung.variant, std::move(spec),
                                        {.steps = steps,
                                         .evaluations = plan_.study.evaluations,
                                         .metric = plan_.study.metric,
                                         .seed = plan_.study.seeds.front()},
                                        data_);
  if (planned.examples_per_step != e.examples_per_update())
    throw UserError(
        "follow: an expression that mentions steps changes the examples of a step, on "
        "which steps depend",
        "let the batch follow params, tokens or ratio", goal_.mark);
  check_point(any, planned);
  const double tokens =
      double(planned.steps) * double(planned.examples_per_step * plan_.tokens_per_example);
  plan_.points.push_back({plan_.rungs.size() - 1, length, tokens, std::move(planned)});
}

void LadderPlanner::check_point(const Experiment& any, const PlannedVariant& p) {
  const int64_t params = plan_.rungs.back().params.total;
  if (p.cost.parameters != params)
    throw UserError(str("follow: changes the size of the model: ", params, " parameters become ",
                        p.cost.parameters),
                    "what the size depends on belongs under free: and aspect:", goal_.mark);
  if (p.data != data_.identity(any))
    throw UserError("follow: or free: changes the data, and a law is of one kind of data",
                    "let them change the model and its training alone", goal_.mark);
}

void LadderPlanner::time_rung() {
  LadderRung& rung = plan_.rungs.back();
  const auto first = std::ranges::find(plan_.points, plan_.rungs.size() - 1, &LadderPoint::rung);
  const ThreadCountScope as_its_runs(int(std::max<int64_t>(1, plan_.study.threads)));
  const Experiment e = data_.open(first->planned.spec);
  rung.step_ms = measured_step_time(e, kSecondsATiming).median;
  rung.timed_flops = first->planned.cost.flops_per_step;
  forget_models(e);
}

void LadderPlanner::order_runs() {
  std::vector<size_t> order;
  for (size_t i = 0; i < plan_.points.size(); ++i) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](size_t i) { return plan_.points[i].flops(); });
  for (size_t i : order)
    for (int64_t seed : plan_.study.seeds) {
      const LadderPoint& p = plan_.points[i];
      const LadderRung& rung = plan_.rung_of(p);
      plan_.runs.push_back({i, seed,
                            str("runs/", rung.variant, "-n", rung.params.total, "-",
                                length_text(goal_, p.length), "-s", seed)});
    }
}
}  // namespace

double LadderPlan::flops() const {
  double sum = 0;
  for (const LadderRun& r : runs) sum += points[r.point].flops();
  return sum;
}

double LadderPlan::evaluation_flops() const {
  double sum = 0;
  for (const LadderRun& r : runs) {
    const PlannedVariant& p = points[r.point].planned;
    const double evaluations = double(std::max<int64_t>(1, study.evaluations));
    sum += p.evaluation_flops *
           (evaluations * double(p.validation_examples) + double(p.test_examples));
  }
  return sum;
}

double LadderPlan::most_passes() const {
  double most = 0;
  for (const LadderPoint& p : points) most = std::max(most, passes(p));
  return most;
}

double LadderPlan::seconds(const LadderPoint& p) const {
  const LadderRung& r = rung_of(p);
  if (r.step_ms <= 0) return 0;
  return 1e-3 * r.step_ms * p.flops() / r.timed_flops;
}

LadderPlan plan_ladder(Study study, const LadderOptions& options) {
  ensure(study.scale.has_value(), "a ladder needs a study with scale:");
  LadderPlan plan{.study = std::move(study)};
  LadderPlanner(plan, options).plan();
  return plan;
}

Spec ladder_spec(const LadderPlan& plan, const LadderRun& run) {
  return run_spec(plan.study, plan.points[run.point].planned, run.seed);
}
}  // namespace cambium
