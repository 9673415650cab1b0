// Verify: the runs of a cell, and what they come to.
#include <algorithm>
#include <filesystem>
#include <map>

#include "core/system/clock.h"
#include "core/system/files.h"
#include "search/verdict/stats.h"
#include "search/verify/verify.h"

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

double value_of(const VerifyCell& cell, const RunResult& r, const std::string& metric) {
  const bool test = metric.starts_with("test");
  if (test ? !r.test : !r.state.best)
    throw UserError(
        str(cell.name, ": the data of ", cell.numbers.spec, " has no split for ", metric));
  const Metrics& m = test ? *r.test : r.state.best->metrics;
  const double value = m.at(metric_of(metric));
  return is_share(metric) ? 100 * value : value;
}

// Passes a run's reports on and keeps its evaluations: step -> value of the cell's metric.
class Curve : public Progress {
 public:
  Curve(const VerifyCell& cell, Progress& to) : metric_(cell.numbers.metric), to_(to) {}

  void on_start(const RunInfo& info) override { to_.on_start(info); }

  void on_step(const StepReport& r) override { to_.on_step(r); }

  void on_evaluation(const EvaluationReport& r) override {
    values[r.step] = (is_share(metric_) ? 100 : 1) * r.metrics.at(metric_of(metric_));
    to_.on_evaluation(r);
  }

  void on_checkpoint(int64_t step) override { to_.on_checkpoint(step); }

  void on_note(const std::string& note) override { to_.on_note(note); }

  std::map<int64_t, double> values;

 private:
  std::string metric_;
  Progress& to_;
};

// One step for all runs: where the mean over them is best, of the steps that all have evaluated.
void take_common_step(const VerifyCell& cell, std::span<const Curve> curves, VerifyResult& r) {
  std::optional<double> best;
  for (const auto& [step, ignored] : curves[0].values) {
    std::vector<double> values;
    for (const Curve& c : curves)
      if (const auto found = c.values.find(step); found != c.values.end())
        values.push_back(found->second);
    if (values.size() < curves.size()) continue;
    const double mean = mean_of(values);
    if (best && (larger_is_better(cell) ? mean <= *best : mean >= *best)) continue;
    best = mean;
    r.common_step = step;
    r.values = std::move(values);
  }
  ensure(best.has_value(), cell.name, ": the runs have no step in common");
}

RunResult train_one(const VerifyCell& cell, const VerifyRun& run, const VerifySettings& settings,
                    Progress& progress) {
  Spec spec = load_spec(cell.numbers.spec);
  Diagnostics errors;
  for (const YamlEntry& e : run.overrides) try {
      apply_override(spec.root, e.key, e.value, e.key_mark);
    } catch (const UserError& error) {
      errors.add(error);
    }
  errors.throw_if_any();
  return run_training(open_experiment(std::move(spec)), {.stop = settings.stop}, progress);
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

VerifyResult run_verify(const VerifyCell& cell, std::span<const VerifyRun> runs,
                        const VerifySettings& settings, Progress& progress) {
  VerifyResult r;
  std::vector<Curve> curves;
  curves.reserve(runs.size());
  const Stopwatch all;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Stopwatch one;
    curves.emplace_back(cell, progress);
    const RunResult trained = train_one(cell, runs[i], settings, curves.back());
    if (!trained.done) return {.stopped = true};
    r.values.push_back(value_of(cell, trained, cell.numbers.metric));
    if (runs_of_a_group(cell) > 1)
      r.selection.push_back(value_of(cell, trained, selection_metric(cell)));
    if (settings.on_run) settings.on_run(runs[i], int64_t(i) + 1, r.values.back(), one.seconds());
  }
  if (cell.numbers.epoch == "common") take_common_step(cell, curves, r);
  r.seconds = all.seconds();
  summarise(cell, runs, r);
  return r;
}
}  // namespace cambium
