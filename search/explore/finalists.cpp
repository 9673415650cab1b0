#include "search/explore/finalists.h"

#include <algorithm>

#include "core/system/files.h"
#include "search/candidates/patterns.h"
#include "search/explore/exploration.h"
#include "search/verdict/decision.h"

namespace cambium {
namespace {
// "trial-7-ACCA": the letters of the first pattern, where the space has one.
std::string name_of_trial(const Space& space, const FoundTrial& t) {
  std::string out = str("trial-", t.number);
  for (size_t i = 0; i < t.point.genes.size(); ++i)
    if (space.dimensions()[i].kind == DimensionKind::kPattern && t.point.genes[i].active)
      return out + "-" + t.point.genes[i].letters;
  return out;
}

class Chooser {
 public:
  Chooser(ModelSpace& models, FinalistField& field) : models_(models), field_(field) {}

  void add_trial(const Findings& findings, size_t place) {
    const FoundTrial& t = findings.trials[place];
    const std::string name = name_of_trial(models_.space(), t);
    add(name, t.key, place, [&] { return models_.plan(name, t.point); });
  }

  void add_base() {
    add("base", models_.base_key(), {}, [&] { return models_.plan_base("base"); });
  }

  // The best one's with one letter alone, at the same cost.
  void add_single_letters(const SpacePoint& best) {
    const std::vector<Dimension>& dimensions = models_.space().dimensions();
    for (size_t d = 0; d < dimensions.size(); ++d) {
      if (dimensions[d].kind != DimensionKind::kPattern || !best.genes[d].active) continue;
      for (const char letter : dimensions[d].letters) {
        const SpacePoint p = settled(of_one_letter(best, d, letter));
        const std::string name = str("only-", letter);
        const Candidate& c = models_.candidate(p);
        if (!c.ok())
          field_.left_out.emplace_back(name, c.refusal);
        else
          add(name, c.key, {}, [&] { return models_.plan(name, p); });
      }
    }
  }

 private:
  // What another pattern has no use for falls away, and what it needs is drawn.
  SpacePoint settled(SpacePoint p) const {
    Random random(0, stream_of("search.single_letters"));
    models_.space().settle(p, random);
    return p;
  }

  template <class Plan>
  void add(const std::string& name, const std::string& key, std::optional<size_t> trial,
           const Plan& plan) {
    const auto same = std::ranges::find(field_.all, key, &Finalist::key);
    if (same != field_.all.end()) {
      same->also.push_back(name);
      return;
    }
    try {
      field_.all.push_back({name, key, {}, trial, plan()});
    } catch (const UserError& e) {
      field_.left_out.emplace_back(name, e.what());
    }
  }

  ModelSpace& models_;
  FinalistField& field_;
};
}  // namespace

std::string Finalist::file(size_t task) const {
  return plans[task].name + ".yaml";
}

namespace {
template <class F> double mean_over(const std::vector<PlannedVariant>& plans, const F& f) {
  double sum = 0;
  for (const PlannedVariant& p : plans) sum += f(p);
  return sum / double(plans.size());
}
}  // namespace

double Finalist::parameters() const {
  return mean_over(plans, [](const auto& p) { return double(p.cost.parameters); });
}

double Finalist::forward_flops() const {
  return mean_over(plans, [](const auto& p) { return p.forward_flops; });
}

double Finalist::state_bytes() const {
  return mean_over(plans, [](const auto& p) { return double(p.state_bytes); });
}

FinalistField choose_finalists(ModelSpace& models, const Findings& findings,
                               const FoundAnswer& answer) {
  FinalistField field;
  Chooser chooser(models, field);
  const std::vector<size_t> best =
      best_trials(findings, answer, models.study().search->finalists.count);
  for (const size_t place : best) chooser.add_trial(findings, place);
  chooser.add_base();
  if (!best.empty()) chooser.add_single_letters(findings.trials[best[0]].point);
  return field;
}

Study finalist_study(const ModelSpace& models, const FinalistField& field,
                     const std::string& folder) {
  make_folders(folder);
  const Study& search = models.study();
  Study out{.name = str(search.name, " finalists"), .file = search.file};
  out.metric = search.metric;
  out.metric_mark = search.metric_mark;
  out.maximize = search.maximize;
  out.alpha = search.alpha;
  out.jobs = search.jobs;
  out.threads = kSearchThreads;
  for (int64_t seed = 1; seed <= search.search->finalists.seeds; ++seed) out.seeds.push_back(seed);
  out.tasks = search.tasks;
  for (Task& t : out.tasks) t.metric = {search.metric, search.metric_mark, search.maximize};
  for (size_t t = 0; t < models.tasks().size(); ++t)
    for (const Finalist& f : field.all) {
      const std::string file = str(folder, "/", f.file(t));
      replace_file(file, to_yaml(f.plans[t].spec.root));
      out.variants.push_back({f.plans[t].name, {}, file, {}, {}});
    }
  const auto base = std::ranges::find_if(field.all, [](const Finalist& f) {
    return f.name == "base" || std::ranges::count(f.also, "base") > 0;
  });
  out.baseline = (base == field.all.end() ? field.all.front() : *base).name;
  return out;
}

std::string judged_metric(const Results& results) {
  const std::vector<TaskSummary>& tasks = results.aggregate.tasks;
  const bool one = !tasks.empty() && std::ranges::all_of(tasks, [&](const TaskSummary& t) {
    return t.metric == tasks.front().metric;
  });
  return one ? tasks.front().metric : results.metric;
}

JudgedFinalists judge(const ModelSpace& models, const FinalistField& field,
                      const Results& results) {
  JudgedFinalists out;
  const size_t count = field.all.size(), tasks = models.tasks().size();
  if (results.outcomes.size() < count * tasks) return out;
  for (size_t f = 0; f < count; ++f) {
    std::vector<double> values;
    for (size_t s = 0; s < results.outcomes[f].size(); ++s) {
      std::vector<double> on_tasks;
      for (size_t t = 0; t < tasks; ++t)
        if (const SeedOutcome& o = results.outcomes[t * count + f][s];
            o.state == SeedOutcome::kDone)
          on_tasks.push_back(o.value);
      if (on_tasks.size() == tasks) values.push_back(mean_of(on_tasks));
    }
    const bool all = !values.empty() && values.size() == results.outcomes[f].size();
    if (!all || !results.evidence.is_honest(f)) continue;
    out.judged.push_back(f);
    out.values.push_back(std::move(values));
  }
  if (out.judged.size() < 2) return out;
  std::vector<std::vector<double>> more_is_better = out.values;
  for (std::vector<double>& of : more_is_better)
    for (double& v : of) v = models.study().maximize ? v : -v;
  out.best = best_of(more_is_better, 0.05, kLeastSeeds);
  return out;
}
}  // namespace cambium
