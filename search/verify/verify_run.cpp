// Verify: the runs of a cell, and what they come to.
#include <algorithm>
#include <filesystem>
#include <map>

#include "core/system/files.h"
#include "search/verdict/stats.h"
#include "search/verify/verify.h"
#include "train/record/run_record.h"
#include "train/run/run_log.h"

namespace cambium {
namespace {
YamlEntry scalar_entry(std::string path, std::string text, const Mark& mark) {
  YamlEntry e{.key = std::move(path), .key_mark = mark, .value = {}};
  e.value.kind = Yaml::kScalar;
  e.value.text = std::move(text);
  e.value.quoted = true;  // a path is text, whatever it looks like
  e.value.mark = mark;
  return e;
}

// `relative` under the folder, or its last part directly in it.
std::vector<YamlEntry> find_data(const VerifyCell& cell, const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<YamlEntry> out;
  for (const YamlEntry& e : cell.data) {
    const fs::path relative(e.value.text);
    if (folder.empty())
      throw UserError(str(cell.name, " reads ", relative.string(), ", which is not generated"),
                      str("give the folder that holds it: --data DIR"), e.value.mark);
    fs::path found = fs::path(folder) / relative;
    if (!fs::exists(found)) found = fs::path(folder) / relative.filename();
    if (!fs::exists(found))
      throw UserError(str(cell.name, " reads ", relative.string(), "; '", folder, "' has no such"),
                      str("give a folder with ", relative.string(), " or ",
                          relative.filename().string(), " in it: --data DIR"),
                      e.value.mark);
    out.push_back(scalar_entry(e.key, found.string(), e.key_mark));
  }
  return out;
}

// The last word of a path and its value: "lr 1e-3".
std::string short_text(const YamlEntry& e) {
  return str(e.key.substr(e.key.rfind('.') + 1), " ", e.value.text);
}

// Every combination of the grid's values; one empty one without a grid.
std::vector<std::vector<YamlEntry>> points_of(const std::vector<YamlEntry>& grid) {
  std::vector<std::vector<YamlEntry>> points = {{}};
  for (const YamlEntry& axis : grid) {
    std::vector<std::vector<YamlEntry>> longer;
    for (const auto& point : points)
      for (const Yaml& value : axis.value.items) {
        longer.push_back(point);
        longer.back().push_back({.key = axis.key, .key_mark = axis.key_mark, .value = value});
      }
    points = std::move(longer);
  }
  return points;
}

bool larger_is_better(const VerifyCell& cell) {
  return higher_is_better(cell.numbers.metric);
}

// Evaluations of a run: step -> value of a metric.
using Curve = std::map<int64_t, double>;

double value_of(const VerifyCell& cell, const RunRecord& r, const std::string& metric) {
  const std::optional<RunScores>& scores = metric.starts_with("test") ? r.test : r.best;
  const double* value = scores ? scores->find(metric) : nullptr;
  if (!value)
    throw UserError(
        str(cell.name, ": the data of ", cell.numbers.spec, " has no split for ", metric));
  return is_share(metric) ? 100 * *value : *value;
}

Curve curve_of(const std::string& folder, const std::string& metric) {
  Curve out;
  for (const Json& line : read_log(folder + "/log.jsonl"))
    if (line.contains(metric))
      out[line.at("step").get<int64_t>()] =
          (is_share(metric) ? 100 : 1) * line.at(metric).get<double>();
  return out;
}

// One step for all runs: where the mean over them is best, of the steps that all have evaluated.
void take_common_step(const VerifyCell& cell, std::span<const Curve> curves, VerifyResult& r) {
  std::optional<double> best;
  for (const auto& [step, ignored] : curves[0]) {
    std::vector<double> values;
    for (const Curve& c : curves)
      if (const auto found = c.find(step); found != c.end()) values.push_back(found->second);
    if (values.size() < curves.size()) continue;
    const double mean = mean_of(values);
    if (best && (larger_is_better(cell) ? mean <= *best : mean >= *best)) continue;
    best = mean;
    r.common_step = step;
    r.values = std::move(values);
  }
  ensure(best.has_value(), cell.name, ": the runs have no step in common");
}

// Of runs that are equal on validation data the first counts: the test data has no say.
void summarise(const VerifyCell& cell, std::span<const VerifyRun> runs, VerifyResult& r) {
  size_t chosen = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (size_t(runs[i].group) == r.groups.size()) {
      chosen = i;
      r.groups.push_back(r.values[i]);
      continue;
    }
    const double now = r.selection[i], best = r.selection[chosen];
    if (larger_is_better(cell) ? now <= best : now >= best) continue;
    chosen = i;
    r.groups.back() = r.values[i];
  }
  r.mean = mean_of(r.groups);
  r.deviation = deviation_of(r.groups);
  r.passed = within_tolerance(cell.numbers, r.mean);
}

bool grid_has_seeds(const VerifyCell& cell) {
  return std::ranges::count(cell.grid, "train.seed", &YamlEntry::key) > 0;
}
}  // namespace

int64_t runs_of_a_group(const VerifyCell& cell) {
  return int64_t(points_of(cell.grid).size());
}

int64_t plan_size(const VerifyCell& cell) {
  return int64_t(cell.settings.size()) * runs_of_a_group(cell) * cell.numbers.seeds;
}

std::string selection_metric(const VerifyCell& cell) {
  return str("val.", metric_of(cell.numbers.metric));
}

std::vector<VerifyRun> plan_verify(const VerifyCell& cell, const std::string& data_folder) {
  const std::vector<YamlEntry> data = find_data(cell, data_folder);
  const auto points = points_of(cell.grid);
  std::vector<VerifyRun> runs;
  int64_t group = 0;
  for (size_t k = 0; k < cell.settings.size(); ++k)
    for (int64_t seed = 0; seed < cell.numbers.seeds; ++seed, ++group)
      for (const auto& point : points) {
        VerifyRun run{.group = group};
        if (cell.settings.size() > 1) run.text = str("setting ", k + 1, ", ");
        for (const auto* list : std::initializer_list<const std::vector<YamlEntry>*>{
                 &cell.overrides, &data, &cell.settings[k].entries, &point})
          run.overrides.insert(run.overrides.end(), list->begin(), list->end());
        for (const YamlEntry& e : point) run.text += short_text(e) + ", ";
        if (grid_has_seeds(cell)) {
          run.text.resize(run.text.size() - 2);
        } else {
          run.overrides.push_back(scalar_entry("train.seed", str(seed), {}));
          run.overrides.back().value.quoted = false;
          run.text += str("seed ", seed);
        }
        runs.push_back(std::move(run));
      }
  return runs;
}

VerifyResult verify_result(const VerifyCell& cell, std::span<const VerifyRun> runs,
                           const std::string& folder) {
  VerifyResult r;
  std::vector<Curve> curves;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string run = str(folder, "/", verify_folder(i));
    const RunRecord record = read_run_record(run).value_or(RunRecord());
    r.values.push_back(value_of(cell, record, cell.numbers.metric));
    if (runs_of_a_group(cell) > 1)
      r.selection.push_back(value_of(cell, record, selection_metric(cell)));
    if (cell.numbers.epoch == "common") curves.push_back(curve_of(run, cell.numbers.metric));
  }
  if (cell.numbers.epoch == "common") take_common_step(cell, curves, r);
  summarise(cell, runs, r);
  return r;
}
}  // namespace cambium
