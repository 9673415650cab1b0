#include "search/results/description.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/system/memory.h"
#include "core/version.h"
#include "search/study/cell.h"
#include "train/run/machine.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
constexpr std::string_view kMemoryKey = "memory_bytes";  // of `machine`, and a number

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

// On the first task.
const PlannedVariant& baseline_of(const StudyPlan& plan) {
  return plan.at(on_task_of(plan.variants.front().name, plan.study.baseline));
}

// One number for all that hold out the same and answer in the same symbols: of the first of them.
uint64_t held_out_of(const StudyPlan& plan, const PlannedVariant& v) {
  const auto same = std::ranges::find_if(plan.variants, [&](const PlannedVariant& other) {
    return ask_the_same(v.held_out, other.held_out) &&
           v.data.at("vocabulary") == other.data.at("vocabulary");
  });
  return same->held_out.exact;
}

DescribedVariant describe(const StudyPlan& plan, const PlannedVariant& v) {
  const Study& s = plan.study;
  DescribedVariant out{.name = v.name,
                       .spec_yaml = to_yaml(v.spec.root),
                       .spec_hash = hash_name(spec_hash(v.spec)),
                       .domains = v.domains,
                       .parameters = v.cost.parameters,
                       .steps = v.steps,
                       .flops_per_step = v.cost.flops_per_step,
                       .products_per_step = v.cost.products_per_step,
                       .forward_flops = v.forward_flops,
                       .state_bytes = v.state_bytes,
                       .peak_bytes = v.needed_bytes,
                       .step_ms = 0,
                       .data = v.data,
                       .held_out = hash_name(held_out_of(plan, v)),
                       .examples_per_step = v.examples_per_step,
                       .validation_examples = v.validation_examples,
                       .test_examples = v.test_examples,
                       .planned = v.planned,
                       .evaluation_flops = v.evaluation_flops};
  if (v.step_time) out.planned_ms = {v.step_time->median, v.step_time->low, v.step_time->high};
  if (s.published.contains(v.name)) out.published = s.published.at(v.name);
  if (v.match)
    out.match =
        DescribedMatch{s.match->free.front(), v.match->value, v.match->target, v.match->achieved};
  return out;
}

Json variant_json(const DescribedVariant& v) {
  Json item = {{"name", v.name},
               {"spec_yaml", v.spec_yaml},
               {"spec_hash", v.spec_hash},
               {"parameters", v.parameters},
               {"steps", v.steps},
               {"flops_per_step", v.flops_per_step},
               {"products_per_step", v.products_per_step},
               {"forward_flops_per_example", v.forward_flops},
               {"state_bytes", v.state_bytes},
               {"peak_bytes", v.peak_bytes},
               {"step_ms", v.step_ms},
               {"domain_summary", v.domains},
               {"data", to_json(v.data)},
               {"held_out", v.held_out}};
  if (v.planned_ms) {
    const auto& [median, low, high] = *v.planned_ms;
    item["planned_step_ms"] = {{"median", median}, {"low", low}, {"high", high}};
  }
  if (v.published) item["published"] = *v.published;
  if (v.match)
    item["match"] = {{"free", v.match->free},
                     {"value", v.match->value},
                     {"target", v.match->target},
                     {"achieved", v.match->achieved},
                     {"deviation", v.match->deviation()}};
  item["planned"] = v.planned;
  item["examples_per_step"] = v.examples_per_step;
  item["validation_examples"] = v.validation_examples;
  item["test_examples"] = v.test_examples;
  item["evaluation_flops"] = v.evaluation_flops;
  return item;
}

DescribedVariant variant_from(const JsonItem& v) {
  DescribedVariant out{.name = v.needed_text("name"),
                       .spec_yaml = v.text("spec_yaml"),
                       .spec_hash = v.text("spec_hash"),
                       .domains = v.text("domain_summary"),
                       .parameters = v.whole("parameters", -1),
                       .steps = v.whole("steps", -1),
                       .flops_per_step = v.number("flops_per_step"),
                       .products_per_step = v.number("products_per_step"),
                       .forward_flops = v.number("forward_flops_per_example"),
                       .state_bytes = v.whole("state_bytes"),
                       .peak_bytes = v.whole("peak_bytes", -1),
                       .step_ms = v.number("step_ms"),
                       .held_out = v.text("held_out"),
                       .examples_per_step = v.whole("examples_per_step", -1),
                       .validation_examples = v.whole("validation_examples"),
                       .test_examples = v.whole("test_examples"),
                       .planned = v.number("planned"),
                       .evaluation_flops = v.number("evaluation_flops", 0)};
  if (const Json* data = v.find("data")) out.data = identity_from(*data);
  if (v.find("published")) out.published = v.number("published");
  if (v.find("planned_step_ms")) {
    const JsonItem t = v.item("planned_step_ms");
    out.planned_ms = {t.number("median"), t.number("low"), t.number("high")};
  }
  if (v.find("match")) {
    const JsonItem m = v.item("match");
    out.match =
        DescribedMatch{m.text("free"), m.whole("value"), m.number("target"), m.number("achieved")};
  }
  return out;
}

// A list, or in older folders how many there are from 0 on.
std::vector<int64_t> seeds_from(const JsonItem& study) {
  std::vector<int64_t> seeds;
  const Json* v = study.find("seeds");
  if (!v) return seeds;
  if (v->is_number_integer() && v->get<int64_t>() <= 10'000)
    for (int64_t s = 0; s < v->get<int64_t>(); ++s) seeds.push_back(s);
  else if (v->is_array())
    for (const Json& s : *v)
      if (s.is_number_integer()) seeds.push_back(s.get<int64_t>());
  return seeds;
}

void read_metric(const JsonItem& study, Description& d) {
  if (!study.find("metric")) return;
  const JsonItem metric = study.item("metric");
  d.metric = metric.needed_text(metric.find("selection") ? "selection" : "name");
  d.reported = metric.text("name");
  d.maximize = metric.text("goal") != "min";
}

Frozen frozen_of(const JsonItem& study, const Description& d) {
  if (study.find("frozen")) return frozen_from(study.json());
  Frozen out;
  out.metric = d.metric;
  out.baseline = d.baseline;
  out.looks = {d.seeds};
  return out;
}

}  // namespace

size_t Description::place(std::string_view variant) const {
  return size_t(std::ranges::find(variants, variant, &DescribedVariant::name) - variants.begin());
}

Description describe(const StudyPlan& plan, const Frozen& frozen, const Summary* results,
                     const std::string& command) {
  const Study& s = plan.study;
  Description d{.name = s.name,
                .spec = s.file,
                .metric = s.metric,
                .reported = results ? results->metric : s.metric,
                .maximize = s.maximize,
                .seeds = s.seeds,
                .tasks = {},
                .baseline = s.baseline,
                .frozen = frozen,
                .budget_kind = std::string(s.budget ? name_of(s.budget->kind) : "steps"),
                .budget = s.budget ? s.budget->value : baseline_of(plan).planned,
                .has_budget = s.budget.has_value(),
                .overlap = plan.overlap,
                .evaluations = s.evaluations,
                .machine = {{"cpu", cpu_name()},
                            {"build", machine_text()},
                            {std::string(kMemoryKey), str(total_memory_bytes())}},
                .command = command,
                .version = std::string(kVersion),
                .created = now_text()};
  for (const Task& t : s.tasks) d.tasks.push_back({t.name, t.metric.name, t.metric.maximize});
  for (size_t i = 0; i < plan.variants.size(); ++i) {
    d.variants.push_back(describe(plan, plan.variants[i]));
    if (results) d.variants.back().step_ms = results->rows[i].step_ms;
  }
  return d;
}

Json to_json(const Description& d) {
  Json j = {{"name", d.name}, {"spec", d.spec}};
  j["metric"] = {
      {"name", d.reported}, {"selection", d.metric}, {"goal", d.maximize ? "max" : "min"}};
  j["seeds"] = d.seeds;
  if (!d.tasks.empty()) j["tasks"] = Json::array();
  for (const DescribedTask& t : d.tasks)
    j["tasks"].push_back(
        {{"name", t.name}, {"metric", t.metric}, {"goal", t.maximize ? "max" : "min"}});
  j["base"] = d.baseline;
  j["frozen"] = to_json(d.frozen);
  j["budget"] = {{"kind", d.budget_kind}, {"value", d.budget}, {"given", d.has_budget}};
  j["overlap"] = d.overlap;
  j["evaluations"] = d.evaluations;
  j["variants"] = Json::array();
  for (const DescribedVariant& v : d.variants) j["variants"].push_back(variant_json(v));
  for (const auto& [key, value] : d.machine)
    j["machine"][key] = key == kMemoryKey ? Json::parse(value) : Json(value);
  j["command"] = d.command;
  j["version"] = d.version;
  j["created"] = d.created;
  return j;
}

Description description_from(const Json& json, const std::string& where) {
  const JsonItem study(json, where);
  Description d;
  d.name = study.needed_text("name");
  d.spec = study.text(study.find("spec") ? "spec" : "spec_file");
  d.baseline = study.text("base");
  d.command = study.text("command");
  d.version = study.text("version");
  d.created = study.text("created");
  read_metric(study, d);
  const JsonItem budget = study.item("budget");
  d.budget_kind = budget.text("kind");
  d.budget = budget.number("value");
  d.has_budget = budget.yes("given", !d.budget_kind.empty());
  d.overlap = study.number("overlap", 0);
  d.evaluations = study.whole("evaluations");
  d.seeds = seeds_from(study);
  for (const JsonItem& t : study.items("tasks"))
    d.tasks.push_back({t.needed_text("name"), t.needed_text("metric"), t.text("goal") != "min"});
  d.frozen = frozen_of(study, d);
  for (const JsonItem& v : study.items("variants")) d.variants.push_back(variant_from(v));
  require(!d.variants.empty(), where, ": the study has no variants");
  if (const Json* m = study.find("machine"); m && m->is_object())
    for (const auto& [key, value] : m->items())
      d.machine.emplace_back(key, value.is_string() ? value.get<std::string>() : to_text(value));
  return d;
}

std::optional<Description> read_description(const std::string& folder) {
  const std::string path = folder + "/study.json";
  if (!file_exists(path)) return std::nullopt;
  return description_from(load_json(path), path);
}
}  // namespace cambium
