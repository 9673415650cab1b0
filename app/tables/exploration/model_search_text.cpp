// What a search over models found, as text.
#include <algorithm>
#include <cmath>

#include "app/tables/exploration/model_search_view.h"
#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "search/verdict/decision.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr size_t kMostRows = 20, kMostChoices = 8;

std::string number(double v) {
  if (std::isnan(v)) return "-";
  if (v == std::floor(v) && std::abs(v) < 1e15) return str(int64_t(v));
  return fmt::format("{:.6g}", v);
}

std::string percent(double share) {
  return fixed(100 * share, 1) + " %";
}

std::string first_reason(const Findings& f, bool refused) {
  for (const FoundTrial& t : f.trials)
    if (t.refused == refused && !t.reason.empty())
      return str(", the first, trial ", t.number, ": ", visible(t.reason));
  return "";
}

std::string heading(const ModelSpace& models, const ModelSearchResult& r) {
  const SearchSettings& s = models.study().search->settings;
  const std::string options = models.method().options.text();
  const bool stopped = !r.findings.exhausted && int64_t(r.findings.trials.size()) < s.trials;
  std::string out =
      str(r.findings.trials.size(), stopped ? str(" of ", s.trials) : "", " trials by ",
          models.method().method->name, options.empty() ? "" : str(" (", options, ")"), ", lag ",
          s.lag, ", seed ", s.seed, "; ");
  for (const FoundObjective& o : r.findings.objectives)
    out += str(&o == &r.findings.objectives[0] ? "" : ", ", visible(o.name),
               o.maximize ? " max" : " min");
  out += "\n";
  if (models.refused() > 0)
    out += str(grouped(models.refused()),
               " points were passed over, the first: ", visible(models.first_refusal()), "\n");
  if (r.answer.refused > 0)
    out += str(r.answer.refused, " refused", first_reason(r.findings, true), "\n");
  if (r.answer.failed > 0)
    out += str(r.answer.failed, " failed", first_reason(r.findings, false), "\n");
  if (r.findings.exhausted)
    out += str("space exhausted: ", r.findings.trials.size(), " structures\n");
  return out;
}

std::string lineage_text(const FoundTrial& t) {
  std::string out;
  for (const int64_t p : t.parents) out += str(out.empty() ? "" : " + ", p);
  return out.empty() ? "drawn" : out;
}

// What training gave on each task: of the first such objective, (task, objective).
std::vector<std::pair<size_t, size_t>> task_columns(const ModelSpace& models) {
  std::vector<std::pair<size_t, size_t>> out;
  const auto trained = std::ranges::find(models.objectives(), false, &ModelObjective::built);
  const auto m = size_t(trained - models.objectives().begin());
  for (size_t t = 0; t < models.study().tasks.size(); ++t) out.emplace_back(t, m);
  return out;
}

std::string front_text(const ModelSpace& models, const ModelSearchResult& r) {
  const Findings& f = r.findings;
  if (r.answer.front.empty()) return "\nno trial has a result\n";
  const std::vector<std::pair<size_t, size_t>> columns = task_columns(models);
  std::vector<size_t> right = {0};
  std::vector<std::string> header = {"trial"};
  for (size_t m = 0; m < f.objectives.size(); ++m) {
    right.push_back(m + 1);
    header.push_back(visible(f.objectives[m].name));
  }
  for (const auto& [task, m] : columns) {
    right.push_back(header.size());
    header.push_back(visible(f.tasks[task]));
  }
  header.insert(header.end(), {"from", "what"});
  Table table(right);
  table.row(header);
  for (size_t k = 0; k < std::min(kMostRows, r.answer.front.size()); ++k) {
    const FoundTrial& t = f.trials[r.answer.front[k]];
    std::vector<std::string> row = {str(t.number)};
    for (size_t m = 0; m < f.objectives.size(); ++m)
      row.push_back(number(f.objectives[m].loss(t.outcome.losses[m])));
    for (const auto& [task, m] : columns) row.push_back(number(t.on_tasks[task][m]));
    row.push_back(lineage_text(t));
    row.push_back(visible(models.space().text(t.point)));
    table.row(row);
  }
  const bool one = f.objectives.size() == 1;
  std::string out = one ? "\nbest trial\n"
                        : str("\nfront: ", r.answer.front.size(),
                              r.answer.front.size() == 1 ? " trial" : " trials",
                              " that none beats in everything\n");
  out += table.text();
  if (r.answer.front.size() > kMostRows)
    out += str("... and ", r.answer.front.size() - kMostRows, " more in results.json\n");
  if (!r.answer.volume) return out;
  out += str("hypervolume ", number(*r.answer.volume), " from the reference point");
  for (const FoundObjective& o : f.objectives)
    out += str(&o == &f.objectives[0] ? " " : ", ", visible(o.name), " ", number(o.reference),
               o.reference_is_worst ? " (the worst trial)" : "");
  return out + "\n";
}

// What the trials found that no method chose.
std::string draws_text(const ModelSearchResult& r) {
  const FoundAnswer& a = r.answer;
  if (!a.drawn_best && !a.drawn_volume) return "";
  const std::string found =
      a.drawn_best ? str("their best ", number(r.findings.objectives[0].loss(*a.drawn_best)))
                   : str("they enclose ", number(*a.drawn_volume));
  return str("the first ", a.drawn, " trials were uniform draws: ", found, "\n");
}

std::string rungs_text(const ModelSpace& models, const ModelSearchResult& r) {
  if (r.answer.rungs.empty()) return "";
  const std::vector<double> shares = models.study().search->rungs->shares();
  Table table({0, 1, 2});
  table.row({"rung", "trials", "tau to the end", "95 % interval"});
  for (size_t i = 0; i < r.answer.rungs.size(); ++i) {
    const FoundRung& rung = r.answer.rungs[i];
    const bool interval = rung.agreement && rung.agreement->interval;
    table.row({percent(shares[i]), str(rung.trials),
               rung.agreement ? fixed(rung.agreement->tau, 2) : "-",
               interval ? str(fixed(rung.agreement->interval->low, 2), " to ",
                              fixed(rung.agreement->interval->high, 2))
                        : "-"});
  }
  return str("\nrungs: how they rank the trials that were trained to the end\n", table.text());
}

std::string importance_text(const ModelSearchResult& r) {
  std::string out;
  for (size_t m = 0; m < r.answer.importance.size(); ++m) {
    const std::vector<Importance>& list = r.answer.importance[m];
    if (list.empty()) continue;
    Table table({1});
    for (size_t i = 0; i < std::min(kMostChoices, list.size()); ++i)
      table.row({visible(list[i].what), percent(list[i].share),
                 str(percent(list[i].interval.low), " to ", percent(list[i].interval.high))});
    out += str("\nestimated share of the variance of ", visible(r.findings.objectives[m].name),
               ", by one choice alone and corrected for chance (omega "
               "squared), and 95 % "
               "interval\n",
               table.text());
  }
  return out;
}

std::string ms_text(const std::optional<double>& ms) {
  return ms ? fmt::format("{:.3g}", *ms) : "-";
}

std::string verdict_text(const ModelSearchResult& r) {
  constexpr std::string_view how = " (multiple comparisons with the best, 95 %)\n";
  if (!r.judged.best) return "fewer than two finalists ended well\n";
  const bool all = r.judged.judged.size() == r.field.all.size();
  const auto name = [&](size_t j) { return visible(r.field.all[r.judged.judged[j]].name); };
  if (r.judged.best->named)
    return str(name(*r.judged.best->named), all ? " is the best" : " is the best of those judged",
               how);
  std::string names;
  for (const size_t k : r.judged.best->kept) names += str(names.empty() ? "" : ", ", name(k));
  const bool few = int64_t(r.judged.values.front().size()) < kLeastSeeds;
  return str("cannot tell among ", r.judged.best->kept.size(), ": ", names,
             few ? str("; a claim takes ", kLeastSeeds, " trainings of each\n") : std::string(how));
}

std::string finalists_text(const ModelSearchResult& r) {
  if (!r.finals) return "";
  const std::string metric = judged_metric(r.finals->results);
  Table table({1, 4, 5, 6, 7, 8});
  table.row({"finalist", metric.substr(0, metric.find(' ')), "to the best of the others", "",
             "parameters", "FLOP an example", "state", "step ms", "token ms"});
  for (size_t f = 0; f < r.field.all.size(); ++f) {
    const Finalist& of = r.field.all[f];
    const auto place = std::ranges::find(r.judged.judged, f);
    const auto j = size_t(place - r.judged.judged.begin());
    const bool judged = place != r.judged.judged.end();
    std::string interval, kept;
    if (judged && r.judged.best) {
      // In the metric's own unit, as the differences of the study below.
      Interval i = r.judged.best->to_best[j];
      if (!r.finals->plan.study.maximize) i = {0 - i.high, 0 - i.low};
      if (std::isfinite(i.low)) interval = str(number(i.low), " to ", number(i.high));
      kept = std::ranges::count(r.judged.best->kept, j) ? "may be the best" : "is not";
    }
    std::string names = visible(of.name);
    for (const std::string& also : of.also) names += str(" = ", visible(also));
    table.row({names, judged ? number(mean_of(r.judged.values[j])) : "-", interval,
               judged ? kept : "not judged", compact(of.parameters()), compact(of.forward_flops()),
               of.state_bytes() > 0 ? memory_text(of.state_bytes()) : "-",
               r.times.empty() ? "-" : ms_text(r.times[f].step_ms),
               r.times.empty() ? "-" : ms_text(r.times[f].token_ms)});
  }
  std::string out =
      str("\nfinalists by trainings that chose nothing, the base "
          "and single letters "
          "beside them\n",
          table.text(), verdict_text(r));
  for (const auto& [name, reason] : r.field.left_out)
    out += str(visible(name), " cannot be trained: ", visible(reason), "\n");
  return out + "\n" + results_table(*r.finals);
}
}  // namespace

std::string model_search_text(ModelSpace& models, const ModelSearchResult& r) {
  return heading(models, r) + front_text(models, r) + draws_text(r) + rungs_text(models, r) +
         finalists_text(r) + importance_text(r);
}
}  // namespace cambium
