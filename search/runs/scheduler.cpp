#include "search/runs/scheduler.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "core/failures.h"
#include "core/hash.h"
#include "core/system/cancel.h"
#include "core/system/clock.h"
#include "core/system/files.h"
#include "core/system/memory.h"
#include "core/system/parallel.h"
#include "core/system/process.h"
#include "core/system/threads.h"
#include "search/runs/timing.h"
#include "train/run/trainer.h"

namespace cambium {
namespace {
using Clock = std::chrono::steady_clock;

constexpr double kSecondsForOthers = 0.25;  // between two questions about what others do
constexpr int kStoppedCode = 130;           // of a trainer that stopped as it was told
constexpr int kTermCode = 128 + SIGTERM;    // of one that was told before it could listen

// Where the run stands before it goes on.
RunStatus status_before(const RunOrder& order) {
  RunStatus status{.steps = order.steps};
  settle(status, order.folder);
  status.enter(RunPhase::kRunning);
  return status;
}

void remove_longer_spec(const RunOrder& order) {
  std::error_code ignored;
  std::filesystem::remove(order.folder + "/longer.yaml", ignored);
}

std::vector<std::string> words_of(const RunOrder& order, const std::string& spec) {
  std::vector<std::string> words = {"train",
                                    spec,
                                    "--run",
                                    order.folder,
                                    "--resume",
                                    "--threads",
                                    str(std::max<int64_t>(1, order.threads)),
                                    "--progress",
                                    "none"};
  if (order.pause_at > 0) words.insert(words.end(), {"--pause-at", str(order.pause_at)});
  return words;
}

bool has_paused(const RunOrder& order, const RunStatus& status) {
  return order.pause_at > 0 && status.phase == RunPhase::kStopped && status.step >= order.pause_at;
}

struct Active {
  RunOrder order;
  RunStatus status;
  Process process;
  Clock::time_point started;
  int64_t first_step;
  Company company;
};

class RunsSideBySide {
 public:
  RunsSideBySide(RunSource& source, const SchedulerSettings& settings)
      : source_(source), settings_(settings), memory_(settings.memory_bytes) {
    if (memory_ < 0) memory_ = available_memory_bytes();
    if (memory_ < 0) memory_ = std::numeric_limits<int64_t>::max();
  }

  bool run();

 private:
  void stop_when_asked();
  void fill();
  void ask();
  bool has_room(const RunOrder& order) const;
  void start(RunOrder order);
  void note_company();
  void poll();
  void update_eta(Active& run);
  void end(Active& run);

  RunSource& source_;
  const SchedulerSettings& settings_;
  int64_t memory_;
  std::vector<Active> active_;
  std::optional<RunOrder> held_;  // until there is memory for it
  bool may_ask_ = true, finished_ = false, stopped_ = false;
  bool others_ = false;  // the source waits for other processes
  Stopwatch asked_;
};

bool RunsSideBySide::run() {
  const CancelScope stops;
  for (;;) {
    stop_when_asked();
    fill();
    if (active_.empty() && (stopped_ || !others_)) break;
    note_company();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    poll();
  }
  ensure(stopped_ || finished_, "a source of runs waits though none is under way");
  return stopped_;
}

void RunsSideBySide::stop_when_asked() {
  if (stopped_ || !settings_.stop || !settings_.stop()) return;
  stopped_ = true;
  for (Active& run : active_) run.process.interrupt();
}

void RunsSideBySide::fill() {
  while (!stopped_ && int64_t(active_.size()) < settings_.jobs) {
    if (others_ && asked_.seconds() >= kSecondsForOthers) may_ask_ = true;
    if (!held_ && may_ask_) ask();
    if (!held_ || !has_room(*held_)) return;
    start(*std::exchange(held_, std::nullopt));
  }
}

void RunsSideBySide::ask() {
  NextRun next = source_.next();
  may_ask_ = next.kind == NextRun::kRun;
  finished_ = next.kind == NextRun::kFinished;
  others_ = next.kind == NextRun::kOthers;
  asked_.restart();
  if (next.kind == NextRun::kRun) held_ = std::move(next.order);
}

bool RunsSideBySide::has_room(const RunOrder& order) const {
  int64_t left = memory_;
  for (const Active& run : active_) left -= run.order.needed_bytes;
  return active_.empty() || order.needed_bytes <= left;
}

void RunsSideBySide::start(RunOrder order) {
  const std::string spec = write_run_spec(order);
  RunStatus status = status_before(order);
  refresh(status, order.folder, settings_.metric);
  Process process =
      start_process(settings_.program, words_of(order, spec), order.folder + "/output.txt");
  const Company company{.jobs = settings_.jobs, .from = status.step};
  write_company(order.folder, company);
  active_.push_back({std::move(order), std::move(status), std::move(process), Clock::now(),
                     company.from, company});
}

// Runs with fewer neighbours than the others had: what they take from here on is not compared.
void RunsSideBySide::note_company() {
  if (stopped_ || int64_t(active_.size()) >= settings_.jobs) return;
  for (Active& run : active_) {
    if (run.company.until >= 0) continue;
    run.company.until = run.status.step;
    write_company(run.order.folder, run.company);
  }
}

void RunsSideBySide::poll() {
  std::vector<RunUpdate> running;
  for (Active& run : active_) {
    refresh(run.status, run.order.folder, settings_.metric);
    update_eta(run);
    if (run.process.ended()) end(run);
    if (run.status.phase == RunPhase::kRunning) running.push_back({run.order.id, run.status});
  }
  std::erase_if(active_, [](const Active& run) { return run.status.phase != RunPhase::kRunning; });
  source_.on_progress(running);
}

void RunsSideBySide::update_eta(Active& run) {
  RunStatus& s = run.status;
  const double seconds = std::chrono::duration<double>(Clock::now() - run.started).count();
  const int64_t done = s.step - run.first_step;
  s.eta_seconds = done > 0 ? seconds / double(done) * double(s.steps - s.step) : -1;
}

void RunsSideBySide::end(Active& run) {
  RunStatus& s = run.status;
  settle(s, run.order.folder);
  const int code = run.process.exit_code();
  // Perhaps before it had written anything: the folder then speaks of an earlier session.
  const bool as_told = code == kStoppedCode || (stopped_ && code == kTermCode);
  if (as_told && (s.phase != RunPhase::kDone || s.step < s.steps)) {
    s.enter(RunPhase::kStopped);
  } else if (code != 0 && s.phase != RunPhase::kFailed && code != kStoppedCode) {
    s.phase = RunPhase::kFailed;
    s.error = str("the process ended with code ", code, "; see ", run.order.folder, "/output.txt");
    // What a model does to its training stands in run.json: this is the disk, or the machine.
    s.from_outside = code == 2;
  }
  if (code == 0 && has_paused(run.order, s)) s.phase = RunPhase::kDone;
  if (code == 0 && s.phase != RunPhase::kDone)
    throw InternalError(str("'", run.order.folder, "' ended well but is not done"));
  s.eta_seconds = -1;
  remove_longer_spec(run.order);
  if (!finished_) may_ask_ = true;
  source_.on_end({run.order.id, s, code});
}

// Brings a run's reports to the source.
class Reporter : public Progress {
 public:
  Reporter(RunUpdate& run, const std::string& metric, RunSource& source)
      : run_(run), metric_(metric), source_(source) {}

  void on_step(const StepReport& r) override {
    run_.status.step = r.step;
    run_.status.loss = r.loss;
    run_.status.eta_seconds = r.step_ms / 1e3 * double(r.steps - r.step);
    const auto now = Clock::now();
    if (now - shown_ < std::chrono::milliseconds(500)) return;
    shown_ = now;
    source_.on_progress({&run_, 1});
  }

  void on_evaluation(const EvaluationReport& r) override {
    if (!metric_.empty()) run_.status.value = r.metrics.at(metric_of(metric_));
  }

 private:
  RunUpdate& run_;
  const std::string& metric_;
  RunSource& source_;
  Clock::time_point shown_{};
};

// What all runs of a study share: <study>/cache for <study>/runs/<run>; else a folder of the run.
std::string cache_of_all(const std::string& run) {
  const std::filesystem::path runs = std::filesystem::path(run).lexically_normal().parent_path();
  if (runs.filename() != "runs") return "";
  return (runs.parent_path() / "cache").string();
}

void train_here(const RunOrder& order, RunSource& source, const SchedulerSettings& settings) {
  const std::string spec = write_run_spec(order);
  RunUpdate run{order.id, status_before(order)};
  Reporter reporter(run, settings.metric, source);
  const ThreadCountScope threads(order.threads > 0 ? int(order.threads) : thread_count());
  try {
    write_company(order.folder, {.jobs = 1, .from = run.status.step});
    const Experiment e = open_experiment(load_spec(spec));
    const RunSettings how{.folder = order.folder,
                          .cache = cache_of_all(order.folder),
                          .resume = true,
                          .stop = settings.stop,
                          .pause_at = order.pause_at};
    const RunResult result = run_training(e, how, reporter);
    run.status.phase = result.done || result.paused ? RunPhase::kDone : RunPhase::kStopped;
  } catch (const RuntimeError& error) {
    run.status.phase = RunPhase::kFailed;
    run.status.error = error.what();
    run.status.from_outside = dynamic_cast<const DiskError*>(&error);
  }
  run.status.eta_seconds = -1;
  refresh(run.status, order.folder, settings.metric);  // a run that was done reports nothing
  remove_longer_spec(order);
  source.on_end(run);
}

bool run_in_turn(RunSource& source, const SchedulerSettings& settings) {
  std::optional<CancelScope> stops;  // also between two runs
  if (settings.stop) stops.emplace();
  while (!settings.stop || !settings.stop()) {
    const NextRun next = source.next();
    ensure(next.kind != NextRun::kLater, "a source of runs waits though none is under way");
    if (next.kind == NextRun::kFinished) return false;
    if (next.kind == NextRun::kOthers) {
      std::this_thread::sleep_for(std::chrono::duration<double>(kSecondsForOthers));
      continue;
    }
    train_here(next.order, source, settings);
  }
  return true;
}
}  // namespace

std::string write_run_spec(const RunOrder& order) {
  make_folders(order.folder);
  const std::string own = order.folder + "/spec.yaml", text = to_yaml(order.spec.root);
  const auto is_of_another_run = [&] {
    try {
      return spec_hash(load_spec(own)) != spec_hash(order.spec);
    } catch (const Error&) {
      return false;
    }
  };
  const bool longer = has_checkpoint(order.folder) && is_of_another_run();
  const std::string path = longer ? order.folder + "/longer.yaml" : own;
  replace_file(path, text);
  return path;
}

bool execute_runs(RunSource& source, const SchedulerSettings& settings) {
  if (settings.program.empty()) return run_in_turn(source, settings);
  return RunsSideBySide(source, settings).run();
}
}  // namespace cambium
