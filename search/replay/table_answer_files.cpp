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

Json objectives_json(const TableStudy& study) {
  Json out = Json::array();
  for (const Objective& o : study.objectives)
    out.push_back({{"name", o.name},
                   {"goal", o.maximize ? "max" : "min"},
                   {"reference", o.reference},
                   {"reference_from", o.reference_is_worst ? "worst row" : "study"}});
  return out;
}

Json trial_json(const TableStudy& study, const TableSearch& search, size_t i) {
  const TableTrial& t = search.trials[i];
  Json out = {{"trial", i}, {"key", t.key}, {"values", study.space->json(t.point)}};
  for (size_t m = 0; m < study.objectives.size(); ++m)
    out["results"][study.objectives[m].name] =
        t.outcome.failed ? Json() : Json(shown(study.objectives[m], t.outcome.losses[m]));
  if (t.outcome.violation > 0) out["violation"] = t.outcome.violation;
  return out;
}

Json importance_json(const TableStudy& study, const TableAnswer& a) {
  Json out = Json::object();
  for (size_t m = 0; m < a.importance.size(); ++m) {
    Json list = Json::array();
    for (const Importance& i : a.importance[m])
      list.push_back(
          {{"of", i.what}, {"share", i.share}, {"interval", {i.interval.low, i.interval.high}}});
    out[study.objectives[m].name] = list;
  }
  return out;
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
              {"objectives", objectives_json(study)}};
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
  for (const size_t i : a.front) out["front"].push_back(trial_json(study, search, i));
  if (study.objectives.size() > 1) out["front_of_table"] = table_front_json(study, a);
  out["progress"] = progress_json(study, a);
  out["importance"] = importance_json(study, a);
  if (a.judged || !a.unjudged.empty()) out["finalists"] = finalists_json(study, search, a);
  for (const TableAnswer::Times& t : a.times)
    out["simulated"].push_back(
        {{"workers", t.workers}, {"seconds", t.time.seconds}, {"busy", t.time.busy}});
  out["identity"] = identity_json(study);
  out["trials"] = Json::array();
  for (size_t i = 0; i < search.trials.size(); ++i)
    out["trials"].push_back(trial_json(study, search, i));
  return out;
}

std::string trials_csv(const TableStudy& study, const TableSearch& search) {
  std::string out = "trial,key";
  for (const Dimension& d : study.space->dimensions()) out += "," + csv_cell("space." + d.name);
  for (const Objective& o : study.objectives) out += "," + csv_cell(o.name);
  out += ",violation\n";
  for (size_t i = 0; i < search.trials.size(); ++i) {
    const TableTrial& t = search.trials[i];
    out += str(i, ",", csv_cell(t.key));
    for (size_t d = 0; d < t.point.genes.size(); ++d)
      out += "," + (t.point.genes[d].active
                        ? csv_cell(text_of(study.space->dimensions()[d], t.point.genes[d]))
                        : std::string());
    for (size_t m = 0; m < study.objectives.size(); ++m)
      out += "," + (t.outcome.failed ? std::string()
                                     : str(shown(study.objectives[m], t.outcome.losses[m])));
    out += str(",", t.outcome.violation, "\n");
  }
  return out;
}
}  // namespace cambium
