#include "search/results/summary.h"

#include <algorithm>

namespace cambium {
namespace {
constexpr std::string_view kClaims[] = {"baseline", "better", "worse", "cannot tell"};
constexpr std::string_view kHindrances[] = {
    "none",           "runs to go",     "few seeds", "failures",     "no spread", "noise",
    "seeds disagree", "other variants", "test set",  "sees answers", "identical"};

// The place of a name; `otherwise` when it stands nowhere.
template <class E, size_t N>
E named(const std::string_view (&names)[N], std::string_view name, E otherwise) {
  const auto found = std::ranges::find(names, name);
  return found == std::end(names) ? otherwise : E(found - std::begin(names));
}

template <class T> Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

void put(Json& j, const char* low, const char* high, const std::optional<Interval>& i) {
  j[low] = i ? Json(i->low) : Json();
  j[high] = i ? Json(i->high) : Json();
}

Json row_json(const ResultRow& r) {
  Json row = {{"variant", r.variant}, {"n", r.n}, {"failed", r.failed}};
  if (!r.sees_answers.empty()) row["sees_answers"] = r.sees_answers;
  row["mean"] = r.n > 0 ? Json(r.mean) : Json();
  put(row, "least", "most", r.n > 0 ? std::optional(r.range) : std::nullopt);
  put(row, "ci_low", "ci_high", r.interval);
  put(row, "boot_low", "boot_high", r.bootstrap);
  row["test_set_half_width"] = or_null(r.test_set);
  row.update(to_json(r.decision));
  row["seeds_low"] = r.outlook ? or_null(r.outlook->seeds_low) : Json();
  row["seeds_high"] = r.outlook ? or_null(r.outlook->seeds_high) : Json();
  put(row, "effect_low", "effect_high",
      r.outlook ? std::optional(r.outlook->effect_seen) : std::nullopt);
  row["step_ms"] = r.step_ms;
  row["time_ratio"] = r.time_ratio ? Json(r.time_ratio->ratio) : Json();
  put(row, "time_low", "time_high", r.time_ratio ? r.time_ratio->interval : std::nullopt);
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

// None unless both ends are known.
std::optional<Interval> interval_from(const JsonItem& item, const char* low, const char* high) {
  const Interval i{item.number(low), item.number(high)};
  if (!std::isfinite(i.low) || !std::isfinite(i.high)) return std::nullopt;
  return i;
}

std::optional<Outlook> outlook_from(const JsonItem& row) {
  if (!row.find("effect_low") && !row.find("seeds_low")) return std::nullopt;
  Outlook o{.effect_seen = {row.number("effect_low"), row.number("effect_high")}};
  if (row.find("seeds_low")) o.seeds_low = row.whole("seeds_low");
  if (row.find("seeds_high")) o.seeds_high = row.whole("seeds_high");
  return o;
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

std::string_view name_of(Claim claim) {
  return kClaims[size_t(claim)];
}

std::string_view name_of(Hindrance hindrance) {
  return kHindrances[size_t(hindrance)];
}

Json to_json(const Decision& d) {
  Json j = {{"claim", name_of(d.claim)},
            {"hindrance", name_of(d.hindrance)},
            {"pairs", d.pairs},
            {"failures", d.failed},
            {"baseline_failures", d.baseline_failed},
            {"diff_mean", d.difference ? Json(d.difference->mean) : Json()},
            {"diff_deviation", d.difference ? Json(d.difference->deviation) : Json()}};
  put(j, "diff_least", "diff_most",
      d.difference ? std::optional(d.difference->range) : std::nullopt);
  put(j, "diff_low", "diff_high",
      d.has_interval() ? std::optional(d.difference->interval) : std::nullopt);
  j["p_value"] = d.difference ? Json(d.p_value) : Json();
  j["examples_apart"] = d.examples_apart;
  return j;
}

Decision decision_from(const Json& row) {
  const auto number = [&](const char* key, double otherwise) {
    const auto it = row.find(key);
    return it != row.end() && it->is_number() ? it->get<double>() : otherwise;
  };
  const auto text = [&](const char* key) {
    const auto it = row.find(key);
    return it != row.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  Decision d{.claim = named(kClaims, text("claim"), Claim::kCannotTell),
             .hindrance = named(kHindrances, text("hindrance"), Hindrance::kNoise),
             .pairs = int64_t(number("pairs", 0)),
             .failed = int64_t(number("failures", 0)),
             .baseline_failed = int64_t(number("baseline_failures", 0)),
             .p_value = number("p_value", 1),
             .examples_apart = number("examples_apart", 0)};
  if (row.contains("diff_mean") && row.at("diff_mean").is_number())
    d.difference = {number("diff_mean", 0),
                    number("diff_deviation", 0),
                    {number("diff_low", NAN), number("diff_high", NAN)},
                    d.p_value,
                    d.pairs,
                    {number("diff_least", NAN), number("diff_most", NAN)}};
  return d;
}

Json summary_json(const Summary& s) {
  Json j = {{"metric", s.metric},
            {"complete", s.complete},
            {"look", s.look},
            {"alpha", s.alpha},
            {"comparisons", s.comparisons},
            {"least_effect", s.least_effect},
            {"test_examples", s.test_examples},
            {"overlap", s.overlap},
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
  return s;
}

const ResultRow* Summary::row(std::string_view variant) const {
  const auto it = std::ranges::find(rows, variant, &ResultRow::variant);
  return it == rows.end() ? nullptr : &*it;
}
}  // namespace cambium
