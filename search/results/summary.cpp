#include "search/results/summary.h"

#include <algorithm>

#include "search/results/row_json.h"

namespace cambium {
namespace {
Json row_json(const ResultRow& r) {
  Json row = {{"variant", r.variant}, {"n", r.n}, {"failed", r.failed}};
  if (!r.sees_answers.empty()) row["sees_answers"] = r.sees_answers;
  row["mean"] = r.n > 0 ? Json(r.mean) : Json();
  put_interval(row, "least", "most", r.n > 0 ? std::optional(r.range) : std::nullopt);
  put_interval(row, "ci_low", "ci_high", r.interval);
  put_interval(row, "boot_low", "boot_high", r.bootstrap);
  row["test_set_half_width"] = r.test_set ? Json(*r.test_set) : Json();
  row.update(to_json(r.decision));
  put_outlook(row, r.outlook);
  row["step_ms"] = r.step_ms;
  row["time_ratio"] = r.time_ratio ? Json(r.time_ratio->ratio) : Json();
  put_interval(row, "time_low", "time_high", r.time_ratio ? r.time_ratio->interval : std::nullopt);
  row["time_pairs"] = r.time_ratio ? r.time_ratio->pairs : 0;
  row["peak_bytes"] = r.peak_bytes;
  row["parameters"] = r.parameters;
  row["flops"] = r.flops;
  row["products"] = r.products;
  return row;
}

Json line_json(const BudgetLine& b) {
  return {{"variant", b.variant},
          {"runs", b.runs},
          {"planned", b.planned},
          {"spent", b.spent},
          {"least", b.least},
          {"most", b.most},
          {"deviation", b.deviation()},
          {"steps", b.steps},
          {"samples", b.samples},
          {"flops", b.flops},
          {"products", b.products},
          {"rest", b.flops - b.products},
          {"seconds", b.seconds},
          {"evaluations", b.evaluations},
          {"evaluation_flops", b.evaluation_flops},
          {"evaluation_share", b.evaluation_share()},
          {"evaluation_seconds", b.evaluation_seconds}};
}

std::optional<double> optional_number(const JsonItem& item, const char* key) {
  return item.find(key) ? std::optional(item.number(key)) : std::nullopt;
}

std::optional<TimeRatio> ratio_from(const JsonItem& row) {
  if (!row.find("time_ratio")) return std::nullopt;
  return TimeRatio{.ratio = row.number("time_ratio"),
                   .interval = interval_from(row, "time_low", "time_high"),
                   .pairs = row.whole("time_pairs")};
}

ResultRow row_from(const JsonItem& row) {
  return {.variant = row.needed_text("variant"),
          .n = row.whole("n"),
          .failed = row.whole("failed"),
          .sees_answers = row.text("sees_answers"),
          .mean = row.number("mean"),
          .range = {row.number("least"), row.number("most")},
          .interval = interval_from(row, "ci_low", "ci_high"),
          .bootstrap = interval_from(row, "boot_low", "boot_high"),
          .test_set = optional_number(row, "test_set_half_width"),
          .decision = decision_from(row.json()),
          .outlook = outlook_from(row),
          .step_ms = row.number("step_ms"),
          .time_ratio = ratio_from(row),
          .peak_bytes = row.whole("peak_bytes"),
          .parameters = row.whole("parameters"),
          .flops = row.number("flops"),
          .products = row.number("products")};
}

BudgetLine line_from(const JsonItem& line) {
  return {.variant = line.needed_text("variant"),
          .runs = line.whole("runs"),
          .planned = line.number("planned"),
          .spent = line.number("spent"),
          .least = line.number("least"),
          .most = line.number("most"),
          .steps = line.number("steps"),
          .samples = line.number("samples"),
          .flops = line.number("flops"),
          .seconds = line.number("seconds"),
          .products = line.number("products"),
          .evaluation_flops = line.number("evaluation_flops"),
          .evaluation_seconds = line.number("evaluation_seconds"),
          .evaluations = line.whole("evaluations")};
}

CommonBudget budget_from(const JsonItem& b) {
  return {.kind = budget_kind_of(b.text("kind")),
          .value = b.number("value", 0),
          .common = b.yes("common"),
          .too_small = b.yes("too_small"),
          .departure = b.number("departure", 0)};
}
}  // namespace

Json summary_json(const Summary& s) {
  Json j = {{"metric", s.metric},
            {"complete", s.complete},
            {"look", s.look},
            {"alpha", s.alpha},
            {"comparisons", s.comparisons},
            {"least_effect", s.least_effect},
            {"test_examples", s.test_examples},
            {"overlap", s.overlap},
            {"looks", s.looks},
            {"rows", Json::array()}};
  for (const ResultRow& r : s.rows) j["rows"].push_back(row_json(r));
  const CommonBudget& b = s.budget;
  j["budget"] = {{"kind", name_of(b.kind)},
                 {"value", b.value},
                 {"common", b.common},
                 {"too_small", b.too_small},
                 {"departure", b.departure}};
  j["budget_audit"] = Json::array();
  for (const BudgetLine& line : s.audit) j["budget_audit"].push_back(line_json(line));
  j["settings"] = Json::array();
  for (const DifferingSetting& d : s.settings)
    j["settings"].push_back({{"path", d.path}, {"values", d.values}});
  put_aggregate(j, s.aggregate);
  return j;
}

Summary summary_from(const Json& json, const std::string& where) {
  const JsonItem file(json, where);
  Summary s;
  s.metric = file.text("metric");
  s.complete = file.yes("complete", true);
  s.look = std::max<int64_t>(1, file.whole("look", 1));
  s.alpha = file.number("alpha", 0);
  s.comparisons = file.whole("comparisons", 1);
  s.least_effect = file.number("least_effect", 0);
  s.test_examples = file.whole("test_examples", 0);
  s.overlap = file.number("overlap", 0);
  for (const JsonItem& row : file.items("rows")) s.rows.push_back(row_from(row));
  s.budget = budget_from(file.item("budget"));
  for (const JsonItem& line : file.items("budget_audit")) s.audit.push_back(line_from(line));
  for (const JsonItem& d : file.items("settings"))
    s.settings.push_back({d.needed_text("path"), d.texts("values")});
  if (const Json* looks = file.find("looks"); looks && looks->is_array())
    for (const Json& n : *looks)
      if (n.is_number_integer()) s.looks.push_back(n.get<int64_t>());
  s.aggregate = aggregate_from(file);
  return s;
}

const ResultRow* Summary::row(std::string_view variant) const {
  const auto it = std::ranges::find(rows, variant, &ResultRow::variant);
  return it == rows.end() ? nullptr : &*it;
}
}  // namespace cambium
