#include "search/mixtures/study/mix_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/hash.h"
#include "core/text/fmt.h"
#include "core/text/suggest.h"
#include "data/mixture.h"
#include "data/slices.h"
#include "search/mixtures/support/form.h"
#include "search/study/spec_edit.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
constexpr std::string_view kCorpusCure =
    "mixtures are of the sources of a corpus: build one with `cambium data build`, and write data: "
    "{corpus: FOLDER} in the base";

// The options of `data: {corpus: ...}` as a map.
Yaml& corpus_options(Yaml& root) {
  Yaml* data = root.find("data");
  Yaml* corpus = data && data->is_map() ? data->find("corpus") : nullptr;
  if (!corpus)
    throw UserError("the base trains on no corpus", std::string(kCorpusCure),
                    data ? data->mark : root.mark);
  if (corpus->is_map()) return *corpus;
  Yaml options{.kind = Yaml::kMap, .mark = corpus->mark};
  options.entries.push_back({"path", corpus->mark, *corpus});
  *corpus = std::move(options);
  return *corpus;
}

class MixPlanner {
 public:
  explicit MixPlanner(MixPlan& plan) : plan_(plan) {}

  void look_at(const Study& study);
  void settle();

 private:
  void look_at(const Study& study, const Variant& v);
  void check_target(const Study& study, const Experiment& e) const;
  std::vector<double> around() const;
  void cap();

  MixPlan& plan_;
  DataCache data_;
  double most_epochs_ = 0;  // that the corpus allows; 0: no limit
};

void MixPlanner::look_at(const Study& study) {
  for (const Variant& v : study.variants) look_at(study, v);
}

void MixPlanner::look_at(const Study& study, const Variant& v) {
  Spec spec = variant_spec(study, v);
  const Yaml* most = corpus_options(spec.root).find("most_epochs");
  const Experiment e = data_.open(spec);
  if (most) most_epochs_ = quantity(*most, e.vars, "most_epochs");
  std::vector<MixSource> sources;
  double all = 0;
  for (const MixedSource& s : mixture_of(*e.data, 1, 1))
    if (s.symbols > 0) sources.push_back({s.name, s.symbols, double(s.symbols)});
  for (const MixSource& s : sources) all += s.natural;
  for (MixSource& s : sources) s.natural /= all;
  if (sources.size() < 2)
    throw UserError(str("the corpus of '", v.name, "' has ", sources.size(),
                        sources.size() == 1 ? " source" : " sources",
                        " to train on, and a mixture takes two or more"),
                    "name more sources in its recipe", study.mix->mark);
  const int64_t symbols = e.data->shape(1).x.shape[1];
  check_target(study, e);
  if (plan_.sources.empty()) {
    plan_.sources = std::move(sources);
    plan_.symbols_an_example = symbols;
    return;
  }
  const bool same =
      std::ranges::equal(sources, plan_.sources, [](const MixSource& a, const MixSource& b) {
        return a.name == b.name && a.symbols == b.symbols;
      });
  if (!same || symbols != plan_.symbols_an_example)
    throw UserError(str("variant '", v.name, "' has other data than the ones before it"),
                    "variants of a study of mixtures share their data: override the model alone",
                    v.mark);
}

void MixPlanner::check_target(const Study& study, const Experiment& e) const {
  std::vector<std::string> known = slice_metrics(*e.data);
  if (e.data->count(Split::kValidation) > 0)
    for (const std::string_view name : metric_names(*e.data)) known.push_back(str("val.", name));
  for (const EvaluationSet& set : e.sets) {
    for (const std::string_view name : metric_names(*set.data))
      known.push_back(str("val.", name, ".", set.name));
    const Slicing s = slicing_of(*set.data, Split::kValidation);
    for (size_t k = 0; k < s.names.size(); ++k)
      known.push_back(str("val.loss.", set.name, ".", slice_name(s, k)));
  }
  for (const auto& [name, weight] : study.mix->target) {
    if (!std::ranges::count(known, name))
      throw UserError(str("target: the data has no metric '", name, "'"), suggestion(name, known),
                      study.mix->target_mark);
    if (higher_is_better(name) != higher_is_better(study.mix->target.front().first))
      throw UserError("target: mixes what is to be high with what is to be low",
                      "name losses, or accuracies, alone", study.mix->target_mark);
  }
  if (higher_is_better(study.mix->target.front().first))
    throw UserError(
        str("target: '", study.mix->target.front().first, "' is better when it is high"),
        "the forms are of losses: use val.loss", study.mix->target_mark);
}

std::vector<double> MixPlanner::around() const {
  const MixGoal& goal = plan_.goal();
  if (goal.around.empty()) return plan_.natural();
  std::vector<double> out(plan_.sources.size(), 0);
  for (const auto& [name, weight] : goal.around) {
    const auto s = std::ranges::find(plan_.sources, name, &MixSource::name);
    std::vector<std::string> known;
    for (const MixSource& k : plan_.sources) known.push_back(k.name);
    if (s == plan_.sources.end())
      throw UserError(str("around: the corpus has no source '", name, "'"), suggestion(name, known),
                      goal.around_mark);
    out[size_t(s - plan_.sources.begin())] = weight;
  }
  return out;
}

// What no run may pass, of the variant that trains on most.
void MixPlanner::cap() {
  double most = plan_.goal().most_epochs;
  if (most <= 0 || (most_epochs_ > 0 && most_epochs_ < most)) most = most_epochs_;
  if (most <= 0) return;
  for (size_t s = 0; s < plan_.sources.size(); ++s) {
    double passes = 0;
    for (const PlannedVariant& v : plan_.plan.variants)
      passes = std::max(passes, plan_.passes(v, s, 1));
    plan_.draws.most.push_back(std::min(1.0, most / passes));
  }
  if (std::accumulate(plan_.draws.most.begin(), plan_.draws.most.end(), 0.0) < 1)
    throw UserError(str("most_epochs: all sources read ", most, " times are less than a run reads"),
                    "raise most_epochs, or shorten the runs", plan_.goal().mark);
}

void MixPlanner::settle() {
  const MixGoal& goal = plan_.goal();
  plan_.draws = {.around = around(),
                 .temperature = goal.temperature,
                 .least_strength = goal.least_strength,
                 .most_strength = goal.most_strength,
                 .most = {}};
  cap();
  try {
    plan_.mixtures = draw_mixtures(plan_.draws, goal.runs, uint64_t(goal.seed));
  } catch (UserError& e) {
    if (!e.mark.known()) e.mark = goal.mark;
    throw;
  }
}

// Shares as near to `wanted` as their limits allow: what is above goes to the others.
std::vector<double> limited(std::vector<double> wanted, const std::vector<double>& most) {
  for (size_t round = 0; round < wanted.size() && !most.empty(); ++round) {
    double above = 0, room = 0;
    for (size_t s = 0; s < wanted.size(); ++s) {
      above += std::max(0.0, wanted[s] - most[s]);
      wanted[s] = std::min(wanted[s], most[s]);
      if (wanted[s] < most[s]) room += wanted[s];
    }
    if (above <= 1e-12 || room <= 0) break;
    for (size_t s = 0; s < wanted.size(); ++s)
      if (wanted[s] < most[s]) wanted[s] += above * wanted[s] / room;
  }
  return rounded_shares(wanted);
}
}  // namespace

std::vector<double> MixPlan::natural() const {
  std::vector<double> out;
  for (const MixSource& s : sources) out.push_back(s.natural);
  return rounded_shares(out);
}

std::vector<double> MixPlan::uniform() const {
  return limited(std::vector<double>(sources.size(), 1.0 / double(sources.size())), draws.most);
}

double MixPlan::passes(const PlannedVariant& v, size_t source, double share) const {
  return double(v.steps) * double(v.examples_per_step * symbols_an_example) * share /
         double(sources[source].symbols);
}

double MixPlan::flops(size_t runs_of_each) const {
  double sum = 0;
  for (const PlannedVariant& v : plan.variants)
    sum += double(v.steps) * v.cost.flops_per_step * double(runs_of_each);
  return sum;
}

MixPlan plan_mixtures(Study study) {
  ensure(study.mix != nullptr, "a plan of mixtures needs a study with mix:");
  MixPlan plan;
  MixPlanner planner(plan);
  planner.look_at(study);
  plan.plan = plan_study(std::move(study));
  planner.settle();
  return plan;
}

MixRun mix_run(const std::string& variant, const std::vector<double>& shares, int64_t seed) {
  std::string text;
  for (const double s : shares) text += fmt::format("{:.4f} ", s);
  const std::string hash = hash_name(hash_text(text)).substr(0, 8);
  return {variant, shares, seed, str("runs/", variant, "-", hash, "-s", seed)};
}

std::vector<MixRun> drawn_runs(const MixPlan& plan) {
  std::vector<MixRun> out;
  for (const std::vector<double>& shares : plan.mixtures)
    for (const PlannedVariant& v : plan.plan.variants)
      for (const int64_t seed : plan.plan.study.seeds) out.push_back(mix_run(v.name, shares, seed));
  return out;
}

Spec mix_spec(const MixPlan& plan, const MixRun& run) {
  Spec spec = run_spec(plan.plan.study, plan.plan.at(run.variant), run.seed);
  set_mixture(spec.root, plan.sources, run.shares);
  return spec;
}

std::string shares_text(const std::vector<MixSource>& sources, const std::vector<double>& shares) {
  std::string out;
  for (size_t s = 0; s < sources.size(); ++s)
    out += str(s ? ", " : "", sources[s].name, fmt::format(" {:.1f} %", 100 * shares[s]));
  return out;
}

void set_mixture(Yaml& root, const std::vector<MixSource>& sources,
                 const std::vector<double>& shares) {
  Yaml& options = corpus_options(root);
  std::erase_if(options.entries,
                [](const YamlEntry& e) { return e.key == "mixture" || e.key == "temperature"; });
  Yaml mixture{.kind = Yaml::kMap, .mark = options.mark};
  for (size_t s = 0; s < sources.size(); ++s)
    if (shares[s] > 0)
      mixture.entries.push_back({sources[s].name, {}, scalar_yaml(fmt::format("{:g}", shares[s]))});
  options.entries.push_back({"mixture", options.mark, std::move(mixture)});
}
}  // namespace cambium
