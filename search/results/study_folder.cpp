#include "search/results/study_folder.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/system/files.h"
#include "core/text/suggest.h"
#include "search/results/results.h"
#include "train/run/run_log.h"

namespace cambium {
namespace {
std::vector<LogPoint> read_points(const std::string& path) {
  std::vector<LogPoint> out;
  for (const Json& json : read_log(path)) {
    const JsonItem line(json, str(path, ": line ", out.size() + 1));
    LogPoint p{line.number("step", 0), line.number("epoch"), line.number("flops"), {}};
    for (const auto& [key, value] : json.items())
      if (value.is_number()) p.values.emplace_back(key, value.get<double>());
    if (!out.empty() && p.step < out.back().step)
      throw UserError(str("step ", p.step, " stands after step ", out.back().step),
                      "two programs have written into this log: train again in a new folder",
                      {path, int(out.size()) + 1, 1, 1});
    out.push_back(std::move(p));
  }
  return out;
}

RunOfStudy read_run(const std::string& folder) {
  const std::optional<RunRecord> record = read_run_record(folder);
  require(record.has_value(), folder, ": the run has not ended (there is no run.json)");
  for (const auto& [key, text] :
       {std::pair("variant", record->variant), std::pair("status", record->status)})
    require(!text.empty(), folder, "/run.json: '", key, "' is missing");
  return {*record, {}};
}

void read_runs(StudyFolder& s) {
  std::vector<std::string> folders;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(s.folder + "/runs", none))
    if (entry.is_directory()) folders.push_back(entry.path().string());
  std::ranges::sort(folders);
  Diagnostics damaged;  // a run without results is shown; a log that lies must not be drawn
  for (const std::string& folder : folders) {
    try {
      s.runs.push_back(read_run(folder));
    } catch (const Error& e) {
      s.problems.push_back(e.what());
      continue;
    }
    try {
      const std::string log = folder + "/log.jsonl";
      if (file_exists(log)) s.runs.back().log = read_points(log);
    } catch (const UserError& e) {
      damaged.add(e);
    } catch (const Error& e) {
      s.problems.push_back(e.what());
    }
  }
  damaged.throw_if_any();
  std::ranges::stable_sort(s.runs, [&](const RunRecord& a, const RunRecord& b) {
    return std::pair(s.study.place(a.variant), a.seed) <
           std::pair(s.study.place(b.variant), b.seed);
  });
}

// What can be said so far: nothing while a run's files are damaged.
void work_out_rows(StudyFolder& s) {
  const Frozen& f = s.study.frozen;
  s.summary = {.metric = s.study.metric,
               .complete = false,
               .look = std::max<int64_t>(1, int64_t(f.looks.size())),
               .comparisons = int64_t(s.study.variants.size()) - 1,
               .least_effect = f.least_effect};
  s.summary.alpha = alpha_of_look(f.alpha, s.summary.look);
  try {
    if (const std::optional<StudyPlan> plan = plan_of(s.study))
      s.summary = collect_results(*plan, s.folder, s.summary.look);
  } catch (const UserError& e) {
    if (!std::ranges::count(s.problems, e.what())) s.trouble = e.what();
  }
}

void add_settings_of_all(Summary& s, size_t variants) {
  for (DifferingSetting& d : s.settings) d.values.resize(variants, "-");
}
}  // namespace

const double* LogPoint::find(std::string_view name) const {
  const auto it = std::ranges::find(values, name, [](const auto& v) { return v.first; });
  return it == values.end() ? nullptr : &it->second;
}

bool StudyFolder::plans(const RunRecord& run) const {
  const bool known_seed = study.seeds.empty() || std::ranges::count(study.seeds, run.seed) > 0;
  return study.place(run.variant) < study.variants.size() && known_seed;
}

int64_t StudyFolder::planned_runs() const {
  const int64_t there = std::ranges::count_if(runs, [&](const auto& r) { return plans(r); });
  return std::max(int64_t(study.variants.size() * study.seeds.size()),
                  there + int64_t(problems.size()));
}

int64_t StudyFolder::finished_runs() const {
  return std::ranges::count_if(runs, [&](const auto& r) { return r.done() && plans(r); });
}

int64_t StudyFolder::failed_runs() const {
  return std::ranges::count_if(runs, [&](const auto& r) { return r.failed() && plans(r); }) +
         int64_t(problems.size());
}

std::string unfinished_text(const StudyFolder& s) {
  const auto count = [&](std::string_view status) {
    return std::ranges::count_if(s.runs,
                                 [&](const auto& r) { return r.status == status && s.plans(r); });
  };
  const int64_t all = s.planned_runs(), done = s.finished_runs();
  if (done == all) return {};
  std::vector<std::string> parts;
  const auto add = [&](int64_t n, std::string_view one, std::string_view more) {
    if (n > 0) parts.push_back(str(n, " ", n == 1 ? one : more));
  };
  const int64_t running = count("running"), stopped = count("stopped"),
                damaged = int64_t(s.problems.size()), failed = s.failed_runs() - damaged;
  add(running, "was training", "were training");
  add(stopped, "was stopped", "were stopped");
  add(failed, "failed", "failed");
  add(damaged, "cannot be read", "cannot be read");
  add(all - done - running - stopped - failed - damaged, "waits", "wait");
  const std::string rest = join_names(parts, ", ");
  return str("not finished: ", done, " of ", all, all == 1 ? " run" : " runs",
             done == 1 ? " is done" : " are done", rest.empty() ? "" : ", ", rest);
}

void write_description(const std::string& folder, const Description& d) {
  replace_file(folder + "/study.json", to_text(to_json(d), 1) + "\n");
}

void write_summary(const std::string& folder, const Summary& s) {
  replace_file(folder + "/summary.json", to_text(summary_json(s), 1) + "\n");
}

StudyFolder read_study_folder(const std::string& folder) {
  std::optional<Description> described = read_description(folder);
  if (!described)
    throw UserError(str("'", folder, "' holds no study: there is no study.json"),
                    "give the folder that `cambium compare` wrote");
  StudyFolder s{.folder = folder, .study = std::move(*described)};
  const std::string path = folder + "/summary.json";
  const bool summed_up = file_exists(path);
  if (summed_up) s.summary = summary_from(load_json(path), path);
  s.tuning = read_tuning(folder);
  read_runs(s);
  int64_t known = 0;
  for (const ResultRow& row : s.summary.rows) known += row.n;
  // Fewer: runs that the summary rests on are gone or damaged, and no claim may rest on them.
  const bool fewer = s.finished_runs() < known && plan_of(s.study);
  if (!summed_up || s.finished_runs() > known || fewer)
    work_out_rows(s);
  else if (s.summary.alpha == 0)
    judge_old_results(s);
  if (s.summary.metric.empty()) s.summary.metric = s.study.metric;
  add_settings_of_all(s.summary, s.study.variants.size());
  return s;
}
}  // namespace cambium
