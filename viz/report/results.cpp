#include "viz/report/results.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/system/files.h"
#include "core/text/json.h"
#include "search/results/results.h"
#include "train/run/run_log.h"

namespace cambium {
namespace {
// A JSON object with errors that say where they are.
class Item {
 public:
  Item(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    require(json_.is_object(), where_, " is not an object");
  }

  double number(const char* key, double otherwise = NAN) const {
    const Json* v = find(key);
    if (!v) return otherwise;
    require(v->is_number(), where_, ": '", key, "' is not a number");
    return v->get<double>();
  }

  std::string text(const char* key) const {
    const Json* v = find(key);
    if (!v) return {};
    if (v->is_string()) return v->get<std::string>();
    return to_text(*v);
  }

  std::string needed_text(const char* key) const {
    require(find(key), where_, ": '", key, "' is missing");
    return text(key);
  }

  // The objects of a list; none when the key is missing.
  std::vector<Item> items(const char* key) const {
    std::vector<Item> out;
    const Json* v = find(key);
    if (!v) return out;
    require(v->is_array(), where_, ": '", key, "' is not a list");
    for (size_t i = 0; i < v->size(); ++i)
      out.emplace_back((*v)[i], str(where_, ": ", key, "[", i, "]"));
    return out;
  }

  std::map<std::string, double> numbers(const char* key) const {
    std::map<std::string, double> out;
    const Json* v = find(key);
    if (v && v->is_object())
      for (const auto& [name, value] : v->items())
        if (value.is_number()) out[name] = value.get<double>();
    return out;
  }

  const Json* find(const char* key) const {  // null counts as missing
    const auto it = json_.find(key);
    return it == json_.end() || it->is_null() ? nullptr : &*it;
  }

  const Json& json() const { return json_; }

  const std::string& where() const { return where_; }

 private:
  const Json& json_;
  std::string where_;
};

VariantInfo read_variant(const Item& v) {
  VariantInfo out;
  out.name = v.needed_text("name");
  out.spec_yaml = v.text("spec_yaml");
  out.spec_hash = v.text("spec_hash");
  out.domains = v.text("domain_summary");
  out.parameters = v.number("parameters");
  out.flops_per_step = v.number("flops_per_step");
  out.forward_flops_per_example = v.number("forward_flops_per_example");
  out.peak_bytes = v.number("peak_bytes");
  out.state_bytes = v.number("state_bytes");
  out.step_ms = v.number("step_ms");
  return out;
}

void read_seeds(const Item& study, std::vector<int64_t>& seeds) {
  const Json* v = study.find("seeds");
  if (!v) return;
  if (v->is_number_integer() && v->get<int64_t>() <= 10'000)
    for (int64_t s = 0; s < v->get<int64_t>(); ++s) seeds.push_back(s);
  else if (v->is_array())
    for (const Json& s : *v)
      if (s.is_number_integer()) seeds.push_back(s.get<int64_t>());
}

void read_description(const std::string& path, StudyResults& r) {
  const Json json = load_json(path);
  const Item study(json, path);
  r.name = study.needed_text("name");
  r.spec = study.text(study.find("spec") ? "spec" : "spec_file");
  r.base = study.text("base");
  r.command = study.text("command");
  r.version = study.text("version");
  r.created = study.text("created");
  if (const Json* m = study.find("metric")) {
    const Item metric(*m, str(path, ": metric"));
    r.metric = metric.needed_text(metric.find("selection") ? "selection" : "name");
    r.maximise = metric.text("goal") != "min";
  }
  if (const Json* b = study.find("budget")) {
    const Item budget(*b, str(path, ": budget"));
    r.budget_kind = budget.text("kind");
    r.budget = budget.number("value");
  }
  if (const Json* f = study.find("frozen")) {
    const Item frozen(*f, path + ": frozen");
    r.total_alpha = frozen.number("alpha", r.total_alpha);
    if (const Json* vary = frozen.find("vary"); vary && vary->is_array())
      for (const Json& v : *vary)
        if (v.is_string()) r.vary.push_back(v.get<std::string>());
  }
  read_seeds(study, r.seeds);
  for (const Item& v : study.items("variants")) r.variants.push_back(read_variant(v));
  require(!r.variants.empty(), path, ": the study has no variants");
  if (const Json* m = study.find("machine"); m && m->is_object())
    for (const auto& [key, value] : m->items())
      r.machine.emplace_back(key, value.is_string() ? value.get<std::string>() : to_text(value));
}

SummaryRow read_row(const Item& row) {
  SummaryRow out{.variant = row.needed_text("variant"),
                 .n = int64_t(row.number("n", 0)),
                 .failed = int64_t(row.number("failed", 0)),
                 .sees_answers = row.text("sees_answers"),
                 .mean = row.number("mean"),
                 .least = row.number("least"),
                 .most = row.number("most"),
                 .ci_low = row.number("ci_low"),
                 .ci_high = row.number("ci_high"),
                 .boot_low = row.number("boot_low"),
                 .boot_high = row.number("boot_high"),
                 .test_set_half_width = row.number("test_set_half_width"),
                 .seeds_low = row.number("seeds_low"),
                 .seeds_high = row.number("seeds_high"),
                 .effect_low = row.number("effect_low"),
                 .effect_high = row.number("effect_high"),
                 .step_ms = row.number("step_ms"),
                 .peak_bytes = row.number("peak_bytes"),
                 .parameters = row.number("parameters"),
                 .flops = row.number("flops"),
                 .products = row.number("products"),
                 .time_ratio = row.number("time_ratio"),
                 .time_low = row.number("time_low"),
                 .time_high = row.number("time_high")};
  out.decision = decision_from(row.json());
  return out;
}

void read_settings(const Item& summary, StudyResults& r) {
  for (const Item& s : summary.items("settings")) {
    DifferingSetting setting{s.needed_text("path"), {}};
    if (const Json* values = s.find("values"); values && values->is_array())
      for (const Json& v : *values)
        setting.values.push_back(v.is_string() ? v.get<std::string>() : to_text(v));
    setting.values.resize(r.variants.size(), "-");
    r.settings.push_back(std::move(setting));
  }
}

void read_summary(const std::string& path, StudyResults& r) {
  const Json json = load_json(path);
  const Item summary(json, path);
  r.reported = summary.text("metric");
  for (const Item& row : summary.items("rows")) r.summary.push_back(read_row(row));
  for (const Item& row : summary.items("budget_audit"))
    r.audit.push_back({row.needed_text("variant"), row.number("planned"), row.number("spent"),
                       row.number("deviation"), row.number("least"), row.number("most"),
                       row.number("steps"), row.number("samples"), row.number("flops"),
                       row.number("products"), row.number("seconds"),
                       row.number("evaluation_flops"), row.number("evaluation_share"),
                       row.number("evaluation_seconds"), int64_t(row.number("runs", 0))});
  if (const Json* b = summary.find("budget")) {
    const Item budget(*b, path + ": budget");
    r.common_budget = budget.text("common") == "true";
    r.too_small_budget = budget.text("too_small") == "true";
    r.departure = budget.number("departure", 0);
  }
  r.look = int64_t(summary.number("look", 1));
  r.alpha = summary.number("alpha", 0);
  r.comparisons = int64_t(summary.number("comparisons", 1));
  r.least_effect = summary.number("least_effect", 0);
  r.overlap = summary.number("overlap", 0);
  r.test_examples = int64_t(summary.number("test_examples", 0));
  read_settings(summary, r);
}

std::vector<Point> read_points(const std::string& path) {
  std::vector<Point> out;
  for (const Json& json : read_log(path)) {
    const Item item(json, str(path, ": line ", out.size() + 1));
    Point p{item.number("step", 0), item.number("epoch"),   item.number("samples"),
            item.number("flops"),   item.number("seconds"), {}};
    for (const auto& [key, value] : json.items())
      if (value.is_number()) p.values[key] = value.get<double>();
    if (!out.empty() && p.step < out.back().step)
      throw UserError(str("step ", p.step, " stands after step ", out.back().step),
                      "two programs have written into this log: train again in a new folder",
                      {path, int(out.size()) + 1, 1, 1});
    out.push_back(std::move(p));
  }
  return out;
}

RunRecord read_run(const std::string& folder) {
  const std::string path = folder + "/run.json";
  const Json json = load_json(path);
  const Item run(json, path);
  RunRecord r;
  r.variant = run.needed_text("variant");
  r.status = run.needed_text("status");
  r.error = run.text("error");
  r.seed = int64_t(run.number("seed", 0));
  r.parameters = run.number("parameters");
  r.steps = run.number("steps");
  r.samples = run.number("samples");
  r.flops = run.number("flops");
  r.seconds = run.number("seconds");
  r.step_ms_median = run.number("step_ms_median");
  r.peak_rss_bytes = run.number("peak_rss_bytes");
  r.predicted_bytes = run.number("predicted_bytes");
  if (const Json* b = run.find("best")) {
    const Item best(*b, path + ": best");
    r.best_step = best.number("step");
    r.best = best.numbers("metrics");
  }
  if (const Json* f = run.find("final")) r.final = Item(*f, path + ": final").numbers("metrics");
  if (const Json* t = run.find("test")) {
    r.test = Item(*t, path + ": test").numbers("metrics");
    if (r.test.empty()) r.test = run.numbers("test");
  }
  return r;
}

void read_runs(StudyResults& r) {
  std::vector<std::string> folders;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(r.folder + "/runs", none))
    if (entry.is_directory()) folders.push_back(entry.path().string());
  std::ranges::sort(folders);
  Diagnostics damaged;  // a run without results is shown; a log that lies must not be drawn
  for (const std::string& folder : folders) {
    if (!file_exists(folder + "/run.json")) {
      r.problems.push_back(str(folder, ": the run has not ended (there is no run.json)"));
      continue;
    }
    try {
      r.runs.push_back(read_run(folder));
      try {
        const std::string log = folder + "/log.jsonl";
        if (file_exists(log)) r.runs.back().log = read_points(log);
      } catch (const UserError& e) {
        damaged.add(e);
      }
    } catch (const Error& e) {
      r.problems.push_back(e.what());
    }
  }
  damaged.throw_if_any();
  std::ranges::stable_sort(r.runs, [&](const RunRecord& a, const RunRecord& b) {
    return std::pair(r.place(a.variant), a.seed) < std::pair(r.place(b.variant), b.seed);
  });
}
}  // namespace

const SummaryRow* StudyResults::row(std::string_view variant) const {
  const auto it = std::ranges::find(summary, variant, &SummaryRow::variant);
  return it == summary.end() ? nullptr : &*it;
}

size_t StudyResults::place(std::string_view variant) const {
  return size_t(std::ranges::find(variants, variant, &VariantInfo::name) - variants.begin());
}

StudyResults read_results(const std::string& folder) {
  StudyResults r;
  r.folder = folder;
  for (const char* file : {"study.json", "summary.json"})
    if (!file_exists(folder + "/" + file))
      throw UserError(str("'", folder, "' holds no finished study: there is no ", file),
                      "give the folder that `cambium compare` wrote");
  read_description(folder + "/study.json", r);
  read_summary(folder + "/summary.json", r);
  read_runs(r);
  if (r.alpha == 0) judge_old_results(r);
  return r;
}
}  // namespace cambium
