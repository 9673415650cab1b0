#include "search/tune/tuner.h"

#include <algorithm>
#include <cmath>

#include "core/hash.h"
#include "search/space/space_reader.h"
#include "search/study/cell.h"
#include "search/study/spec_edit.h"
#include "search/study/study_models.h"
#include "search/study/tasks.h"
#include "search/study/tune_settings.h"
#include "search/trials/arm.h"
#include "search/trials/rung_plan.h"
#include "search/tune/edge.h"
#include "train/spec/notes.h"

namespace cambium {
namespace {
constexpr std::string_view kStage = "tune";

// Plans the trials of one variant.
class VariantPlanner {
 public:
  VariantPlanner(const Study& study, const Variant& variant, PlanOptions options, DataCache& data)
      : study_(study), variant_(variant), options_(std::move(options)), data_(data) {}

  Trial plan(const SpacePoint& point, int64_t index);
  DraftVariant draft(const SpacePoint& point);

 private:
  const Study& study_;
  const Variant& variant_;
  PlanOptions options_;
  DataCache& data_;
};

DraftVariant VariantPlanner::draft(const SpacePoint& point) {
  const TuneSettings& t = *study_.tune;
  Spec spec = variant_spec(study_, variant_);
  spec.root = apply_point(spec.root, *t.space, point);
  DraftVariant d = draft_trial(variant_.name, std::move(spec), options_, data_);
  if (t.rungs) fit_to_rungs(d, *t.rungs, options_);
  return d;
}

// A point that cannot be built or trained is a result too.
Trial VariantPlanner::plan(const SpacePoint& point, int64_t index) {
  Trial t{.origin = {{"stage", kStage}},
          .seed = study_.tune->seed,
          .folder = str("tuning/", variant_.name, "-", index)};
  try {
    const PlannedVariant v = draft(point).variant;
    const Spec spec = run_spec(study_, v, t.seed);
    t.key = hash_name(spec_hash(spec));
    t.spec = to_yaml(spec.root);
    t.steps = v.steps;
    t.needed_bytes = v.needed_bytes;
    t.cost = double(v.steps) * v.cost.flops_per_step;
  } catch (const UserErrors& e) {
    t.reason = one_line(e.all.front());
  } catch (const UserError& e) {
    t.reason = one_line(e);
  }
  if (t.spec.empty()) t.state = TrialState::kRefused;
  return t;
}

double value_of(const Trial& t, const std::string& metric) {
  const auto value = t.values.find(metric);
  return t.state == TrialState::kDone && value != t.values.end() && value->is_number()
             ? value->get<double>()
             : NAN;
}

TrialOutcome outcome_of(const Trial& t, const Metric& metric) {
  const double value = value_of(t, metric.name);
  if (std::isnan(value)) return {.failed = true};
  return {.losses = {metric.maximize ? -value : value}};
}

// One entry a point, its rungs in order.
TunedVariant gather(const Study& study, const std::string& name, std::span<const Trial> all) {
  TunedVariant out{.name = name};
  const Metric metric = metric_of(study, name);
  double best = NAN;
  for (const Trial& t : all) {
    if (t.arm != name || t.origin.value("stage", "") != kStage) continue;
    if (t.state != TrialState::kRefused) out.flops += t.cost;
    const int64_t index = point_index(t);
    if (index >= int64_t(out.trials.size())) out.trials.resize(size_t(index) + 1);
    TunedTrial& trial = out.trials[size_t(index)];
    if (trial.number < 0) trial.number = t.number;
    trial.point = t.point;
    trial.state = name_of(t.state);
    trial.reason = t.reason;
    const double value = value_of(t, metric.name);
    if (t.state != TrialState::kDone) ++out.failed;
    trial.values.resize(size_t(t.rung), NAN);  // of rungs before its bracket's first
    if (t.state == TrialState::kDone) trial.values.push_back(value);
    if (t.state != TrialState::kDone || t.pause_at > 0 || std::isnan(value)) continue;
    ++out.finished;
    if (!std::isnan(best) && !(metric.maximize ? value > best : value < best)) continue;
    best = value;
    out.best = index;
  }
  return out;
}

void choose_best(TunedVariant& v, const Study& study) {
  const Space& space = *study.tune->space;
  if (v.best < 0) {
    const auto reason =
        std::ranges::find_if(v.trials, [](const TunedTrial& t) { return !t.reason.empty(); });
    throw UserError(str("none of the ", v.trials.size(), " trials of '", v.name, "' gave a ",
                        metric_of(study, v.name).name,
                        reason == v.trials.end() ? "" : str("; the first: ", reason->reason)),
                    "mend the variant, or what tune.space lets it be", study.tune->mark);
  }
  const SpacePoint best = space.point_of(v.trials[size_t(v.best)].point);
  for (size_t d = 0; d < space.dimensions().size(); ++d)
    if (best.genes[d].active)
      v.chosen.push_back({space.dimensions()[d].name, text_of(space.dimensions()[d], best.genes[d]),
                          edge_of(space.dimensions()[d], best.genes[d])});
}

void add_range(const Dimension& d, Tuning& t) {
  if (d.kind == DimensionKind::kLog) t.log.push_back(d.name);
  if (d.kind == DimensionKind::kLog || d.kind == DimensionKind::kFloat)
    t.ranges.push_back({d.name, d.low, d.high});
  if (d.kind == DimensionKind::kInt)
    t.ranges.push_back({d.name, double(d.first), double(d.first + (d.count - 1) * d.step)});
}

Tuning gather_all(const Study& study, std::span<const Trial> trials) {
  const TuneSettings& t = *study.tune;
  Tuning out{.method = std::string(t.method.record->name),
             .metric = study.metric,
             .maximize = study.maximize,
             .trials = t.trials,
             .seed = t.seed,
             .rungs = t.rungs ? t.rungs->shares() : std::vector<double>{1}};
  for (const Dimension& d : t.space->dimensions()) add_range(d, out);
  Diagnostics errors;
  for (const Variant& v : study.variants) try {
      out.variants.push_back(gather(study, v.name, trials));
      choose_best(out.variants.back(), study);
    } catch (const UserError& e) {
      errors.add(e);
    }
  errors.throw_if_any();
  return out;
}

PlanOptions options_of(const StudyPlan& plan, const Variant& v) {
  const TuneSettings& t = *plan.study.tune;
  PlanOptions options = plan_options(plan.study, v.name);
  options.seed = t.seed;
  if (options.match)
    options.match->target = plan.at(on_task_of(v.name, plan.study.baseline)).match->target;
  if (t.rungs) options.evaluations = t.rungs->parts();
  return options;
}
}  // namespace

void check_tuning(const StudyPlan& plan) {
  const Study& study = plan.study;
  const Space& space = *study.tune->space;
  DataCache data;
  VariantErrors errors(study);
  for (const Variant& v : study.variants)
    errors.collect(v, [&] {
      VariantPlanner planner(study, v, options_of(plan, v), data);
      for (const double unit : {0.25, 0.75, 0.5}) try {
          const std::vector<double> units(size_t(space.units()), unit);
          planner.draft(space.at_units(units));
          return;
        } catch (const Error&) {
          if (unit == 0.5) throw;
        }
    });
  errors.throw_if_any();
}

int64_t tuning_trials(const Study& study) {
  const TuneSettings& t = *study.tune;
  const int64_t a_variant = t.rungs ? most_pieces(t.rungs->plan(t.trials)) : t.trials;
  return a_variant * int64_t(study.variants.size());
}

std::optional<Tuning> tune_variants(const StudyPlan& plan, TrialStore& store,
                                    const std::string& folder, const SchedulerSettings& settings,
                                    TrialWatch& watch) {
  const Study& study = plan.study;
  const TuneSettings& t = *study.tune;
  DataCache data;
  std::vector<std::shared_ptr<Arm>> arms;
  // Of each arm's own points: those of all arms come by turns.
  const auto arm_lag = std::max<int64_t>(
      1, (t.lag + int64_t(study.variants.size()) - 1) / int64_t(study.variants.size()));
  for (const Variant& v : study.variants) {
    const auto planner = std::make_shared<VariantPlanner>(study, v, options_of(plan, v), data);
    ArmSettings arm{.name = v.name,
                    .space = t.space.get(),
                    .proposer = {.method = t.method.record,
                                 .options = t.method.attrs,
                                 .seed = uint64_t(t.seed),
                                 .lag = arm_lag},
                    .points = t.trials};
    if (t.rungs) arm.rungs = t.rungs->plan(t.trials);
    arm.plan = [planner](const SpacePoint& p, int64_t i) {
      return std::vector{planner->plan(p, i)};
    };
    arm.outcome = [metric = metric_of(study, v.name)](std::span<const Trial> trial) {
      return outcome_of(trial.front(), metric);
    };
    arms.push_back(std::make_shared<Arm>(std::move(arm)));
  }
  const TrialWork work{.folder = folder,
                       .propose = by_turns(std::move(arms)),
                       .threads = std::max<int64_t>(1, study.threads)};
  if (work_on(store, work, settings, watch)) return std::nullopt;
  return gather_all(study, store.trials());
}

void apply_tuning(Study& study, const Tuning& tuning) {
  const Space& space = *study.tune->space;
  for (Variant& v : study.variants) {
    const TunedVariant* tuned = tuning.find(v.name);
    ensure(tuned && tuned->best >= 0, "variant '", v.name, "' was not tuned");
    const SpacePoint best = space.point_of(tuned->trials[size_t(tuned->best)].point);
    for (size_t d = 0; d < space.dimensions().size(); ++d) {
      const Dimension& dimension = space.dimensions()[d];
      if (best.genes[d].active)
        v.overrides.push_back({dimension.name, dimension.mark, yaml_of(dimension, best.genes[d])});
    }
  }
}
}  // namespace cambium
