// Verify: trains the runs of a cell, as trials of a store.
#include <algorithm>
#include <thread>

#include "core/hash.h"
#include "core/system/clock.h"
#include "search/trials/trial_list.h"
#include "search/verify/verify.h"
#include "train/graphs/plans.h"

namespace cambium {
namespace {
Spec spec_of(const VerifyCell& cell, const VerifyRun& run) {
  Spec spec = load_spec(cell.numbers.spec);
  Diagnostics errors;
  for (const YamlEntry& e : run.overrides) try {
      apply_override(spec.root, e.key, e.value, e.key_mark);
    } catch (const UserError& error) {
      errors.add(error);
    }
  errors.throw_if_any();
  return spec;
}

// Runs of a cell are of one kind: the first says what all need.
int64_t needed_bytes(const Spec& spec) {
  const Experiment e = open_experiment(spec);
  KeptPlans plans;
  return predicted_peak_bytes(memory_of_run(e, plans));
}

std::vector<Trial> trials_of(const VerifyCell& cell, std::span<const VerifyRun> runs) {
  std::vector<Trial> out;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Spec spec = spec_of(cell, runs[i]);
    out.push_back({.arm = cell.name,
                   .origin = {{"run", runs[i].text}},
                   .key = hash_name(spec_hash(spec)),
                   .spec = to_yaml(spec.root),
                   .needed_bytes = i == 0 ? needed_bytes(spec) : out[0].needed_bytes,
                   .folder = verify_folder(i)});
  }
  return out;
}

StudyRecord record_of(const VerifyCell& cell, std::span<const Trial> trials) {
  StudyRecord record{.name = cell.name, .lag = kNoLag};
  record.settings["runs"] = Json::array();
  for (const Trial& t : trials) record.settings["runs"].push_back(t.key);
  return record;
}

// What fails is no result of a cell.
void throw_failure(std::span<const Trial> trials) {
  for (const Trial& t : trials)
    if (t.state == TrialState::kFailed)
      throw RuntimeError(str(t.origin.value("run", ""), ": ", t.reason));
}
}  // namespace

std::string verify_folder(size_t run) {
  return str("runs/", run);
}

VerifyResult run_verify(const VerifyCell& cell, std::span<const VerifyRun> runs,
                        const VerifySettings& settings, TrialWatch& watch) {
  const Stopwatch all;
  std::vector<Trial> trials = trials_of(cell, runs);
  TrialStore store(settings.folder, record_of(cell, trials));
  for (const Trial& t : store.trials())
    if (t.state == TrialState::kFailed) store.retry(t.number);
  const auto cores = int64_t(std::max(1u, std::thread::hardware_concurrency()));
  const int64_t wanted = settings.jobs > 0 ? settings.jobs : cores;
  const int64_t jobs = std::min(wanted, int64_t(runs.size()));
  const bool here = jobs == 1 || settings.program.empty();
  const TrialWork work{.folder = settings.folder,
                       .propose = listed(std::move(trials)),
                       .threads = here ? 0 : std::max<int64_t>(1, cores / jobs)};
  const SchedulerSettings scheduler{.program = here ? "" : settings.program,
                                    .jobs = jobs,
                                    .stop = settings.stop,
                                    .metric = str("val.", metric_of(cell.numbers.metric))};
  if (work_on(store, work, scheduler, watch)) return {.stopped = true};
  throw_failure(store.trials());
  VerifyResult result = verify_result(cell, runs, settings.folder);
  result.seconds = all.seconds();
  return result;
}
}  // namespace cambium
