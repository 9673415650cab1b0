// The answer as JSON and the trials as CSV.
#include <algorithm>
#include <cmath>

#include "core/text/json.h"
#include "search/replay/search_folder.h"
#include "search/replay/table_answer.h"

namespace cambium {
namespace {
// Losses back in the objective's own unit.
double shown(const Objective& o, double loss) {
  return o.loss(loss);
}

// Of one objective in its own unit, of which a smaller loss may be a larger value.
Json progress_json(const TableStudy& study, const TableAnswer& a) {
  const bool one = study.objectives.size() == 1;
  const auto own = [&](double v) { return one ? shown(study.objectives[0], v) : v; };
  Json out = Json::array();
  for (const ProgressPoint& p : a.progress) {
    Json point = {{"trials", p.trials}, {"found", own(p.found)}};
    if (p.random) {
      const double low = own(p.random->low), high = own(p.random->high);
      point["random"] = own(p.random->mean);
      point["random_95"] = {std::min(low, high), std::max(low, high)};
    }
    out.push_back(point);
  }
  return out;
}

Json table_front_json(const TableStudy& study, const TableAnswer& a) {
  Json out = Json::array();
  for (const std::vector<double>& losses : a.front_of_table) {
    Json values = Json::array();
    for (size_t m = 0; m < losses.size(); ++m)
      values.push_back(shown(study.objectives[m], losses[m]));
    out.push_back(values);
  }
  return out;
}

std::vector<double> judgements_of(const TableStudy& study, const TableSearch& search,
                                  size_t trial) {
  std::vector<double> out;
  for (const std::vector<double>& column : study.judgements)
    out.push_back(column[size_t(search.trials[trial].row)]);
  return out;
}

Json finalists_json(const TableStudy& study, const TableSearch& search, const TableAnswer& a) {
  const Objective& o = study.objectives[0];
  Json out = {{"judged_by", study.finalists.judged_by}, {"objective", o.name}};
  for (size_t f = 0; f < a.finalists.size(); ++f) {
    if (!a.judged) {  // alone
      out["finalists"].push_back(
          {{"trial", a.finalists[f]}, {"key", search.trials[a.finalists[f]].key}});
      continue;
    }
    const bool kept = std::ranges::count(a.judged->kept, f) > 0;
    // Above 0: better than the best of the others, whichever way the objective points.
    out["finalists"].push_back({{"trial", a.finalists[f]},
                                {"key", search.trials[a.finalists[f]].key},
                                {"mean", o.loss(-a.judged->means[f])},
                                {"trainings", judgements_of(study, search, a.finalists[f])},
                                {"to_best", {a.judged->to_best[f].low, a.judged->to_best[f].high}},
                                {"may_be_best", kept}});
  }
  for (const TableAnswer::Unjudged& u : a.unjudged)
    out["finalists"].push_back(
        {{"trial", u.trial}, {"key", search.trials[u.trial].key}, {"not_judged", u.column}});
  const bool named = a.judged && a.judged->named;
  const Json name = named ? Json(search.trials[a.finalists[*a.judged->named]].key) : Json();
  out["named"] = a.unjudged.empty() ? name : Json();
  if (!a.unjudged.empty()) out["named_of_judged"] = name;
  return out;
}
}  // namespace

Json answer_json(const TableStudy& study, const TableSearch& search, const TableAnswer& a) {
  const Findings findings = findings_of(study, search);
  Json out = {{"study", study.name},
              {"table", study.table->file()},
              {"rows", study.table->size()},
              {"space_size", a.space_size},
              {"points_without_row", a.without_row ? Json(*a.without_row) : Json()},
              {"method", study.method->name},
              {"options", study.options.text()},
              {"seed", study.settings.seed},
              {"lag", study.settings.lag},
              {"trials_wanted", study.settings.trials},
              {"exhausted", search.exhausted},
              {"failed", a.failed},
              {"objectives", objectives_json(findings)}};
  if (study.objectives.size() == 1) {
    const Objective& o = study.objectives[0];
    out["best"] = shown(o, a.best);
    out["best_of_table"] = shown(o, a.best_of_table);
    out["random_expected_best"] = shown(o, a.random_best);
  } else if (a.volume) {
    out["hypervolume"] = *a.volume;
    out["hypervolume_of_table"] = a.volume_of_table ? Json(*a.volume_of_table) : Json();
    out["random_mean_hypervolume"] = a.random_volume ? Json(*a.random_volume) : Json();
  }
  out["front"] = Json::array();
  for (const size_t i : a.front) out["front"].push_back(trial_json(*study.space, findings, i));
  if (study.objectives.size() > 1) out["front_of_table"] = table_front_json(study, a);
  out["progress"] = progress_json(study, a);
  out["importance"] = importance_json(findings, a);
  if (a.judged || !a.unjudged.empty()) out["finalists"] = finalists_json(study, search, a);
  for (const TableAnswer::Times& t : a.times)
    out["simulated"].push_back(
        {{"workers", t.workers}, {"seconds", t.time.seconds}, {"busy", t.time.busy}});
  out["identity"] = identity_json(study);
  out["trials"] = Json::array();
  for (size_t i = 0; i < search.trials.size(); ++i)
    out["trials"].push_back(trial_json(*study.space, findings, i));
  return out;
}
}  // namespace cambium
