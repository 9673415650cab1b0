#include "search/study/study_plan.h"

#include <algorithm>

#include "search/results/every_seed.h"
#include "search/runs/timing.h"
#include "search/study/cell.h"
#include "search/study/spec_edit.h"
#include "search/study/study_models.h"
#include "search/study/tasks.h"

namespace cambium {
namespace {
class StudyPlanner {
 public:
  StudyPlanner(StudyPlan& plan, const std::map<std::string, int64_t>& known_steps)
      : plan_(plan),
        known_steps_(known_steps),
        errors_(plan.study),
        options_(plan_options(plan.study, plan.study.baseline)) {}

  void plan(const StepTimer& timer) {
    check_model_files(plan_.study);
    settle_targets();
    const bool timed = needs_times();
    for (const Variant& v : plan_.study.variants) errors_.collect(v, [&] { draft(v, timed); });
    errors_.throw_if_any();
    check_judges();
    errors_.throw_if_any();
    if (timed) settle_times(timer);
  }

 private:
  // Those of an earlier session stand for times only where it settled them all.
  bool needs_times() const {
    const Study& s = plan_.study;
    const auto is_known = [&](const Variant& v) { return known_steps_.contains(v.name); };
    return is_in_seconds() && !std::ranges::all_of(s.variants, is_known);
  }

  bool is_in_seconds() const {
    return options_.budget && options_.budget->kind == Budget::kSeconds;
  }

  void settle_targets();
  void draft(const Variant& v, bool timed);
  void check_judges();
  void settle_times(const StepTimer& timer);

  StudyPlan& plan_;
  const std::map<std::string, int64_t>& known_steps_;
  DataCache data_;
  VariantErrors errors_;
  PlanOptions options_;
  std::map<std::string, double> targets_;  // by task
  std::vector<Experiment> to_time_;        // of all variants, when the steps of one are not known
};

// The baseline's own cost on each task, where the match names no other.
void StudyPlanner::settle_targets() {
  const Study& s = plan_.study;
  if (!s.match || s.match->target) return;
  for (const Variant& v : s.variants)
    if (variant_of(v.name) == s.baseline)
      errors_.collect(v, [&] {
        const Metric metric = metric_of(s, v.name);
        Spec spec = variant_spec(s, v);
        set_train(spec.root, "best", metric.name, metric.mark);
        const Experiment e = data_.open(spec);
        targets_[std::string(task_of(v.name))] = match_cost(e, s.match->kind);
      });
  errors_.throw_if_any();  // there is nothing to match the others with
}

void StudyPlanner::draft(const Variant& v, bool timed) {
  PlanOptions options = plan_options(plan_.study, v.name);
  if (is_in_seconds() && !timed) options.steps = known_steps_.at(v.name);
  if (!targets_.empty()) options.match->target = targets_.at(std::string(task_of(v.name)));
  DraftVariant d = draft_variant(v.name, variant_spec(plan_.study, v), options, data_);
  plan_.values = plan_.values || d.experiment.predicts_values();
  plan_.variants.push_back(std::move(d.variant));
  if (timed) to_time_.push_back(std::move(d.experiment));
}

// What a variant is trained on is its own; what it is judged by is that of all on the same task.
void StudyPlanner::check_judges() {
  for (const Variant& v : plan_.study.variants)
    errors_.collect(v, [&] {
      const PlannedVariant& mine = plan_.at(v.name);
      const auto first = std::ranges::find(plan_.variants, task_of(v.name),
                                           [](const auto& other) { return task_of(other.name); });
      const std::string metric = metric_of(plan_.study, v.name).name;
      const std::string evaluate =
          "train on what you like, and judge by data that stands apart: "
          "evaluate: {NAME: ...} with metric: val.loss.NAME";
      if (!ask_the_same(mine.judged, first->judged))
        throw UserError(str("'", variant_of(v.name), "' is judged by other examples than '",
                            variant_of(first->name), "': ", metric, " of both says nothing"),
                        evaluate, v.mark);
      if (mine.data.at("vocabulary") != first->data.at("vocabulary") &&
          number_of(metric) != "bits_per_byte")
        throw UserError(str("'", variant_of(v.name), "' answers in other symbols than '",
                            variant_of(first->name), "': ", metric, " counts by the symbol"),
                        "judge by metric: val.bits_per_byte", v.mark);
    });
}

// A variant that was planned before keeps its steps: its runs may have been trained.
void StudyPlanner::settle_times(const StepTimer& timer) {
  std::vector<StepTime> times;
  if (timer) times = timer(plan_);
  if (times.empty()) times = step_times_in_turn(to_time_);
  for (size_t i = 0; i < plan_.variants.size(); ++i) {
    DraftVariant d{std::move(plan_.variants[i]), std::move(to_time_[i])};
    d.variant.step_time = times[i];
    const auto known = known_steps_.find(d.variant.name);
    set_steps(d,
              known != known_steps_.end() ? known->second
                                          : steps_within(*options_.budget, d.variant, times[i]),
              options_);
    plan_.variants[i] = std::move(d.variant);
  }
}
}  // namespace

PlanOptions plan_options(const Study& s, std::string_view variant) {
  const Metric metric = metric_of(s, variant);
  return {.match = s.match,
          .budget = s.budget,
          .evaluations = s.evaluations,
          .metric = metric.name,
          .metric_mark = metric.mark,
          .vary = s.vary,
          .seed = s.seeds.front()};
}

const PlannedVariant& StudyPlan::at(std::string_view name) const {
  const auto found = std::ranges::find(variants, name, &PlannedVariant::name);
  ensure(found != variants.end(), "the plan has no variant '", name, "'");
  return *found;
}

StudyPlan plan_study(Study study, const std::map<std::string, int64_t>& known_steps,
                     const StepTimer& timer) {
  StudyPlan plan{std::move(study), {}};
  StudyPlanner(plan, known_steps).plan(timer);
  look_at_every_seed(plan);
  return plan;
}

Spec run_spec(const Study& study, const PlannedVariant& variant, int64_t seed) {
  Spec spec = with_seed(variant.spec, study.vary, seed);
  set_train(spec.root, "seed", str(seed));
  return spec;
}
}  // namespace cambium
