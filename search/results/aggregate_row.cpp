#include "search/results/aggregate_row.h"

#include <algorithm>
#include <cmath>

#include "search/results/row_json.h"
#include "search/results/summary.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
Json known(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json aggregate_row_json(const AggregateRow& r) {
  Json row = {{"variant", r.variant},
              {"seeds", r.seeds},
              {"iqm", known(r.iqm)},
              {"mean", known(r.mean)},
              {"iqm_difference", known(r.iqm_difference)},
              {"improvement", known(r.improvement)}};
  put_interval(row, "iqm_low", "iqm_high", r.interval);
  put_interval(row, "iqm_difference_low", "iqm_difference_high", r.iqm_difference_interval);
  row.update(to_json(r.decision));
  put_outlook(row, r.outlook);
  row["profile"] = Json::array();
  for (const ProfilePoint& p : r.profile)
    row["profile"].push_back({{"score", p.score},
                              {"share", p.share},
                              {"low", p.interval.low},
                              {"high", p.interval.high}});
  return row;
}

AggregateRow aggregate_row_from(const JsonItem& row) {
  AggregateRow out{
      .variant = row.needed_text("variant"),
      .seeds = row.whole("seeds"),
      .iqm = row.number("iqm"),
      .mean = row.number("mean"),
      .interval = interval_from(row, "iqm_low", "iqm_high"),
      .iqm_difference = row.number("iqm_difference"),
      .iqm_difference_interval = interval_from(row, "iqm_difference_low", "iqm_difference_high"),
      .improvement = row.number("improvement"),
      .decision = decision_from(row.json()),
      .outlook = outlook_from(row)};
  for (const JsonItem& p : row.items("profile"))
    out.profile.push_back(
        {p.number("score"), p.number("share"), {p.number("low"), p.number("high")}});
  return out;
}
}  // namespace

std::string_view name_of(Scoring scoring) {
  constexpr std::string_view names[] = {"as it is", "1 - rate", "baseline / loss"};
  return names[size_t(scoring)];
}

Scoring scoring_of(std::string_view metric) {
  return higher_is_better(metric) ? Scoring::kAsItIs
         : is_share(metric)       ? Scoring::kComplement
                                  : Scoring::kRatio;
}

const TaskSummary* Aggregate::task(std::string_view name) const {
  const auto it = std::ranges::find(tasks, name, &TaskSummary::name);
  return it == tasks.end() ? nullptr : &*it;
}

void put_aggregate(Json& summary, const Aggregate& a) {
  if (a.tasks.empty()) return;
  summary["tasks"] = Json::array();
  for (const TaskSummary& t : a.tasks)
    summary["tasks"].push_back({{"name", t.name},
                                {"metric", t.metric},
                                {"baseline", known(t.baseline)},
                                {"score", name_of(t.scoring)},
                                {"test_examples", t.test_examples}});
  summary["aggregate"] = Json::array();
  for (const AggregateRow& r : a.rows) summary["aggregate"].push_back(aggregate_row_json(r));
}

Aggregate aggregate_from(const JsonItem& summary) {
  Aggregate out;
  for (const JsonItem& t : summary.items("tasks"))
    out.tasks.push_back({.name = t.needed_text("name"),
                         .metric = t.text("metric"),
                         .baseline = t.number("baseline"),
                         .scoring = scoring_of(t.text("metric")),
                         .test_examples = t.whole("test_examples")});
  for (const JsonItem& r : summary.items("aggregate")) out.rows.push_back(aggregate_row_from(r));
  return out;
}
}  // namespace cambium
