#include "search/mixtures/study/mix_answer.h"

#include <algorithm>
#include <cmath>

#include "search/mixtures/fit/best.h"
#include "search/mixtures/fit/choose.h"
#include "search/mixtures/study/mix_pairs.h"
#include "train/run/machine.h"

namespace cambium {
namespace {
constexpr int kResamples = 400;

std::vector<const MixtureForm*> forms_of(const MixGoal& goal) {
  std::vector<const MixtureForm*> out;
  for (const std::string& name : goal.forms) out.push_back(&mixture_form_named(name));
  if (out.empty()) out.assign(builtin_mixture_forms().begin(), builtin_mixture_forms().end());
  return out;
}

std::string target_text(const MixGoal& goal) {
  if (goal.target.size() == 1) return goal.target.front().first;
  std::string out;
  for (const auto& [name, weight] : goal.target)
    out += str(out.empty() ? "" : " + ", std::round(1e4 * weight) / 1e4, " ", name);
  return out;
}

class Answer {
 public:
  Answer(const MixPlan& plan, const std::string& folder) : plan_(plan), folder_(folder) {}

  MixRecord run();

 private:
  void collect();
  void fit(const std::string& variant);
  void fit_into(VariantMixture& out, const MixturePoints& points);
  void pairs();
  void check();
  void compare_checks(const std::string& variant);

  const MixPlan& plan_;
  const std::string& folder_;
  MixRecord record_;
  std::vector<FittedVariant> fitted_;  // that have a best mixture
  std::vector<std::vector<double>> candidates_;
};

void Answer::collect() {
  for (const MixRun& run : drawn_runs(plan_)) {
    const MixOutcome out = mix_outcome(plan_, folder_, run);
    if (out.state == MixOutcome::kDone)
      record_.runs.push_back({run.variant, run.folder, run.seed, run.shares, out.target});
    else if (out.state == MixOutcome::kFailed)
      record_.failed.push_back(str(run.folder, ": ", out.why));
    else
      ++record_.waiting;
  }
}

void Answer::fit_into(VariantMixture& out, const MixturePoints& points) {
  const FormChoice choice =
      choose_form(points, forms_of(plan_.goal()), uint64_t(plan_.goal().seed));
  for (const FormScore& s : choice.scores)
    out.forms.push_back({std::string(s.form->name), s.why_not,
                         s.why_not.empty() ? s.error : kUnknown, s.spearman.value_or(kUnknown)});
  out.form = choice.chosen().form->name;
  out.constant_error = choice.constant_error;
  if (candidates_.empty())
    candidates_ = mixture_candidates(plan_.draws, uint64_t(plan_.goal().seed));
  const BestMixture best =
      best_mixture(points, *choice.chosen().form, candidates_, {plan_.natural(), plan_.uniform()},
                   uint64_t(plan_.goal().seed), kResamples);
  out.best = best.shares;
  out.best_interval = best.interval;
  out.foretold = best.foretold;
  out.natural_above = best.above[0];
  out.uniform_above = best.above[1];
  if (!best.above_interval.empty()) {
    out.natural_interval = best.above_interval[0];
    out.uniform_interval = best.above_interval[1];
  }
  fitted_.push_back({out.variant, choice.chosen().form, best});
}

void Answer::fit(const std::string& variant) {
  VariantMixture out{.variant = variant};
  const MixturePoints points = points_of(record_, variant);
  out.runs = int64_t(points.size());
  out.noise = noise_among_seeds(points);
  try {
    fit_into(out, points);
  } catch (const UserError& e) {
    out.trouble = e.help.empty() ? std::string(e.what()) : str(e.what(), "; ", e.help);
  }
  record_.variants.push_back(std::move(out));
}

void Answer::pairs() {
  for (size_t i = 0; i < fitted_.size(); ++i)
    for (size_t k = i + 1; k < fitted_.size(); ++k)
      record_.pairs.push_back(compare_variants(record_, fitted_[i], fitted_[k], candidates_,
                                               uint64_t(plan_.goal().seed), kResamples));
}

void Answer::compare_checks(const std::string& variant) {
  std::vector<const CheckedMixture*> own;
  for (const CheckedMixture& c : record_.checks)
    if (c.variant == variant) own.push_back(&c);
  const auto best = std::ranges::find(own, str("best of ", variant),
                                      [](const CheckedMixture* c) { return c->mixture; });
  if (best == own.end()) return;
  for (const CheckedMixture* other : own) {
    if (other == *best) continue;
    std::vector<double> a, b;
    for (const auto& [seed, loss] : (*best)->losses)
      for (const auto& [seed_b, loss_b] : other->losses)
        if (seed == seed_b) {
          a.push_back(loss);
          b.push_back(loss_b);
        }
    if (a.empty()) continue;
    CheckedPair pair{.variant = variant, .a = (*best)->mixture, .b = other->mixture};
    pair.n = int64_t(a.size());
    pair.mean = mean_of(a) - mean_of(b);
    if (const auto d = paired_difference(a, b)) pair.interval = d->interval;
    record_.check_pairs.push_back(std::move(pair));
  }
}

void Answer::check() {
  const std::vector<MixRun> runs = check_runs(plan_, record_);
  const auto mixtures = checked_mixtures(plan_, record_);
  for (const MixRun& run : runs) {
    const auto known =
        std::ranges::find_if(mixtures, [&](const auto& m) { return m.second == run.shares; });
    auto at = std::ranges::find_if(record_.checks, [&](const CheckedMixture& c) {
      return c.variant == run.variant && c.mixture == known->first;
    });
    if (at == record_.checks.end())
      at = record_.checks.insert(at, {run.variant, known->first, run.shares, {}});
    const MixOutcome out = mix_outcome(plan_, folder_, run);
    if (out.state == MixOutcome::kDone)
      at->losses.emplace_back(run.seed, out.target);
    else if (out.state == MixOutcome::kFailed)
      record_.failed.push_back(str(run.folder, ": ", out.why));
    else
      ++record_.waiting;
  }
  for (const PlannedVariant& v : plan_.plan.variants) compare_checks(v.name);
}

MixRecord Answer::run() {
  record_.name = plan_.plan.study.name;
  record_.spec = plan_.plan.study.file;
  record_.machine = machine_text();
  record_.target = target_text(plan_.goal());
  record_.drawn = int64_t(plan_.mixtures.size());
  for (const MixSource& s : plan_.sources)
    record_.sources.push_back({s.name, s.symbols, s.natural});
  collect();
  for (const PlannedVariant& v : plan_.plan.variants) fit(v.name);
  pairs();
  check();
  return std::move(record_);
}
}  // namespace

MixRecord answer_mixtures(const MixPlan& plan, const std::string& folder) {
  return Answer(plan, folder).run();
}

std::vector<std::pair<std::string, Shares>> checked_mixtures(const MixPlan& plan,
                                                             const MixRecord& record) {
  std::vector<std::pair<std::string, Shares>> out;
  const auto add = [&](std::string name, Shares shares) {
    const bool known = std::ranges::any_of(out, [&](const auto& m) { return m.second == shares; });
    if (!known) out.emplace_back(std::move(name), std::move(shares));
  };
  for (const VariantMixture& v : record.variants)
    if (!v.best.empty()) add("best of " + v.variant, v.best);
  add("natural", plan.natural());
  add("equal", plan.uniform());
  return out;
}

std::vector<MixRun> check_runs(const MixPlan& plan, const MixRecord& record) {
  const size_t drawn = drawn_runs(plan).size();
  const bool open = record.runs.size() + record.failed.size() < drawn;
  const bool untold =
      std::ranges::any_of(record.variants, [](const auto& v) { return v.best.empty(); });
  std::vector<MixRun> out;
  if (plan.goal().check == 0 || open || untold) return out;
  const int64_t first = 1 + *std::ranges::max_element(plan.plan.study.seeds);
  for (int64_t seed = first; seed < first + plan.goal().check; ++seed)
    for (const auto& [name, shares] : checked_mixtures(plan, record))
      for (const PlannedVariant& v : plan.plan.variants)
        out.push_back(mix_run(v.name, shares, seed));
  return out;
}
}  // namespace cambium
