// The JSON of a study: what it is (study.json) and what came out (summary.json).
#include <algorithm>
#include <cmath>
#include <ctime>

#include "core/hash.h"
#include "core/system/memory.h"
#include "core/text/json.h"
#include "core/version.h"
#include "search/results/results.h"
#include "train/run/machine.h"

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

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
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

Json variant_json(const PlannedVariant& v, const Study& s, double step_ms) {
  Json item = {{"name", v.name},
               {"spec_yaml", to_yaml(v.spec.root)},
               {"spec_hash", hash_name(spec_hash(v.spec))},
               {"parameters", v.cost.parameters},
               {"steps", v.steps},
               {"flops_per_step", v.cost.flops_per_step},
               {"products_per_step", v.cost.products_per_step},
               {"forward_flops_per_example", v.forward_flops},
               {"state_bytes", v.state_bytes},
               {"peak_bytes", v.needed_bytes},
               {"step_ms", step_ms},
               {"domain_summary", v.domains},
               {"data", to_json(v.data)}};
  if (v.step_time)
    item["planned_step_ms"] = {
        {"median", v.step_time->median}, {"low", v.step_time->low}, {"high", v.step_time->high}};
  if (s.published.contains(v.name)) item["published"] = s.published.at(v.name);
  if (v.match)
    item["match"] = {{"free", s.match->free},
                     {"value", v.match->value},
                     {"target", v.match->target},
                     {"achieved", v.match->achieved},
                     {"deviation", v.match->deviation()}};
  return item;
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
  const auto text = [&](const char* key) { return row.value(key, std::string()); };
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

Json summary_json(const Results& results) {
  const Evidence& e = results.evidence;
  Json j = {{"metric", results.metric},
            {"complete", results.complete},
            {"look", results.look},
            {"alpha", e.alpha},
            {"comparisons", e.variants.size() - 1},
            {"least_effect", e.least_effect},
            {"test_examples", e.test_examples},
            {"overlap", e.overlap},
            {"rows", Json::array()}};
  for (const ResultRow& r : results.rows) j["rows"].push_back(row_json(r));
  const CommonBudget& b = results.budget;
  j["budget"] = {{"kind", name_of(b.kind)},
                 {"value", b.value},
                 {"common", b.common},
                 {"too_small", b.too_small},
                 {"departure", b.departure}};
  j["budget_audit"] = Json::array();
  for (const BudgetLine& line : results.audit) j["budget_audit"].push_back(to_json(line));
  j["settings"] = Json::array();
  for (const DifferingSetting& s : results.settings)
    j["settings"].push_back({{"path", s.path}, {"values", s.values}});
  return j;
}

Json study_json(const StudyPlan& plan, const Frozen& frozen, const Results* results,
                const std::string& command) {
  const Study& s = plan.study;
  Json j = {{"name", s.name}, {"spec", s.file}};
  j["metric"] = {{"name", results ? results->metric : s.metric},
                 {"selection", s.metric},
                 {"goal", s.maximize ? "max" : "min"}};
  j["seeds"] = s.seeds;
  j["base"] = s.baseline;
  j["frozen"] = to_json(frozen);
  j["budget"] = {{"kind", s.budget ? name_of(s.budget->kind) : "steps"},
                 {"value", s.budget ? s.budget->value : plan.at(s.baseline).planned}};
  j["variants"] = Json::array();
  for (size_t i = 0; i < plan.variants.size(); ++i)
    j["variants"].push_back(
        variant_json(plan.variants[i], s, results ? results->rows[i].step_ms : 0.0));
  j["machine"] = {
      {"cpu", cpu_name()}, {"build", machine_text()}, {"memory_bytes", total_memory_bytes()}};
  j["command"] = command;
  j["version"] = kVersion;
  j["created"] = now_text();
  return j;
}
}  // namespace cambium
