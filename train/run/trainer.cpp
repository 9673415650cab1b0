#include "train/run/trainer.h"

#include <algorithm>
#include <cmath>

#include "core/failures.h"
#include "core/system/cancel.h"
#include "core/system/clock.h"
#include "core/system/files.h"
#include "core/system/lock.h"
#include "core/system/memory.h"
#include "core/text/json.h"
#include "train/prefix/open_features.h"
#include "train/run/going_on.h"
#include "train/run/run_folder.h"
#include "train/run/step_times.h"
#include "train/spec/notes.h"
#include "train/weights/beginning.h"

namespace cambium {
namespace {
constexpr double kSecondsBetweenCheckpoints = 30;

class Run {
 public:
  Run(const Experiment& e, const RunSettings& settings, Progress& progress)
      : e_(e), settings_(settings), progress_(progress), total_(e.total_steps()), floor_(e) {
    state_.seed = e.train.options.seed;
    state_.spec_hash = spec_hash(e.spec);
    state_.machine = made_with(e);
    if (!settings.folder.empty()) state_.data = identity_of(e);
    state_.evaluated.kind = e.data->shape(1).target_kind();
    cost_ = RunCost(e, total_);
    result_.cost = cost_->mean();
  }

  RunResult run();
  void fail(const Error& error);

 private:
  void take_folder();
  void open_folder();
  void go_on_from(const Checkpoint& c);

  bool over() const { return is_over(e_, state_); }

  bool pauses() const { return settings_.pause_at > 0 && state_.step >= settings_.pause_at; }

  void report_start();
  void train_step(int64_t number);
  bool evaluation_due() const;
  void evaluate_now();
  bool checkpoint_due() const;
  void save();
  void finish();
  RunResult& result();
  void update_seconds();

  int64_t available_bytes() const {
    return settings_.available_bytes >= 0 ? settings_.available_bytes : usable_memory_bytes();
  }

  double epoch() const { return double(state_.step) / double(e_.updates_per_epoch()); }

  const Experiment& e_;
  const RunSettings& settings_;
  Progress& progress_;
  const int64_t total_;
  std::optional<RunCost> cost_;
  std::unique_ptr<Session> session_;
  RunState state_;
  RunResult result_;
  FolderLock lock_;
  RunLogs logs_;
  StepTimes times_;
  FloorWatch floor_;
  Stopwatch started_, saved_;
  double seconds_before_ = 0, train_seconds_before_ = 0;
  int64_t saved_step_ = -1;
  bool taken_ = false, opened_ = false;  // the folder is this run's, and its state known
};

void Run::update_seconds() {
  state_.seconds = seconds_before_ + started_.seconds();
  state_.train_seconds = train_seconds_before_ + times_.total_ms() / 1e3;
}

RunResult& Run::result() {
  update_seconds();
  result_.state = state_;
  result_.flops = cost_->flops_after(state_.step);
  result_.sources = mixture_of(*e_.data, state_.examples, e_.training_examples());
  result_.sees_answers = floor_.why();
  const StepTime time = times_.last();
  result_.step_ms = time.median;
  result_.step_ms_low = time.low;
  result_.step_ms_high = time.high;
  return result_;
}

// Before anything is built or written: another process may train there.
void Run::take_folder() {
  const std::string& folder = settings_.folder;
  if (folder.empty()) return;
  make_folders(folder);
  lock_ = FolderLock(folder);
  if (has_checkpoint(folder) && !settings_.resume)
    throw UserError(str("'", folder, "' holds a run already"),
                    "add --resume to go on with it, or choose another folder");
  sweep_temporaries(folder);
  sweep_temporaries(folder + "/checkpoints");
  taken_ = true;
}

void Run::open_folder() {
  const std::string& folder = settings_.folder;
  if (folder.empty()) return begin_run(*session_, e_, folder, state_.data, progress_);
  if (has_checkpoint(folder)) {
    go_on_from(load_checkpoint(folder));
  } else {
    begin_run(*session_, e_, folder, state_.data, progress_);
    replace_file(folder + "/spec.yaml", to_yaml(e_.spec.root));
  }
  logs_ = RunLogs(folder, state_);
}

void Run::go_on_from(const Checkpoint& c) {
  const GoingOn how = going_on(c, state_, e_, settings_.folder);
  for (const std::string& note : how.notes) progress_.on_note(note);
  result_.other_length = how.other_length;
  const RunState fresh = std::exchange(state_, c.state);
  state_.machine = fresh.machine;
  state_.data = fresh.data;
  if (std::exchange(state_.spec_hash, fresh.spec_hash) != fresh.spec_hash)  // it goes further
    replace_file(settings_.folder + "/spec.yaml", to_yaml(e_.spec.root));
  seconds_before_ = c.state.seconds;
  train_seconds_before_ = c.state.train_seconds;
  saved_step_ = c.state.step;
  session_->restore_from(c, settings_.folder);
  session_->start(state_.step, state_.stream);
}

void Run::report_start() {
  for (const UserError& note : e_.notes) progress_.on_note(one_line(note));
  for (const Executor* executor : session_->executors())
    for (const std::string& kernel : slow_kernels(executor->plan()))
      progress_.on_note("no fast kernel for " + kernel + ": the step waits for it");
  RunInfo info{.cost = result_.cost,
               .steps = total_,
               .first_step = state_.step + 1,
               .batches_per_epoch = e_.batches_per_epoch(),
               .over = over(),
               .needed_bytes = session_->needed_bytes(),
               .available_bytes = available_bytes(),
               .peak_bytes = session_->predicted_peak_bytes(),
               .data = e_.data->describe(),
               .values = e_.predicts_values(),
               .reference_losses = floor_.references()};
  progress_.on_start(info);
  if (!floor_.why().empty()) progress_.on_note(floor_.sentence());
}

void Run::train_step(int64_t number) {
  const Stopwatch watch;
  const double lr = e_.train.lr(number, total_, state_.schedule);
  const StepOutcome out = session_->step(number, lr);
  const double ms = watch.milliseconds();
  times_.add(ms);
  state_.step = number;
  state_.examples += out.examples;
  state_.loss_sum += out.loss;
  ++state_.loss_count;
  const double seconds = seconds_before_ + started_.seconds();
  progress_.on_step({number, total_, epoch(), out.loss, out.grad_norm, lr, ms, seconds});
  if (number % e_.train.options.log_every != 0 && number != total_) return;
  logs_.log.append({{"step", number},
                    {"epoch", epoch()},
                    {"samples", state_.examples},
                    {"flops", cost_->flops_after(number)},
                    {"train.loss", state_.loss_sum / double(state_.loss_count)},
                    {"lr", lr},
                    {"grad_norm", out.grad_norm}});
  logs_.timing.append({{"step", number}, {"seconds", seconds}, {"step_ms", times_.end_block()}});
  state_.loss_sum = 0;
  state_.loss_count = 0;
}

bool Run::evaluation_due() const {
  if (e_.evaluated_examples(Split::kValidation) == 0) return false;
  if (state_.step == total_) return true;
  const int64_t every = e_.train.options.eval_every;
  return state_.step % (every > 0 ? every : e_.updates_per_epoch()) == 0;
}

void Run::evaluate_now() {
  const Stopwatch watch;
  const TrainOptions& o = e_.train.options;
  const Metrics m = session_->evaluate_on(Split::kValidation, o.eval_batches);
  require_finite(m, state_.step);
  state_.evaluated = m;
  const bool best = !state_.best || is_better(m, state_.best->metrics, metric_of(o.best));
  if (best) {
    state_.best = BestEvaluation{state_.step, m};
    session_->keep_as_best();
  }
  state_.stale = best ? 0 : state_.stale + 1;
  e_.train.observe(m, state_.schedule);
  Json line = {{"step", state_.step},
               {"epoch", epoch()},
               {"samples", state_.examples},
               {"flops", cost_->flops_after(state_.step)}};
  for (const auto& [name, value] : m.numbers()) line[str("val.", name)] = value;
  const bool told = floor_.observe(m);
  if (!floor_.why().empty()) line["sees_answers"] = true;
  logs_.log.append(line);
  progress_.on_evaluation({state_.step, m, best, watch.seconds()});
  if (told) progress_.on_note(floor_.sentence());
}

bool Run::checkpoint_due() const {
  const int64_t every = e_.train.options.checkpoint_every;
  if (every > 0) return state_.step % every == 0;
  return saved_.seconds() >= kSecondsBetweenCheckpoints;
}

void Run::save() {
  if (settings_.folder.empty() || saved_step_ == state_.step) return;
  logs_.log.sync();
  logs_.timing.sync();
  state_.log_bytes = logs_.log.bytes();
  state_.timing_bytes = logs_.timing.bytes();
  state_.stream = session_->stream_state();
  update_seconds();
  save_checkpoint(settings_.folder, state_, session_->tensors(), session_->best());
  saved_.restart();
  saved_step_ = state_.step;
  progress_.on_checkpoint(state_.step);
}

void Run::finish() {
  result_.done = true;
  if (e_.evaluated_examples(Split::kTest) == 0) return;
  session_->use_best();
  result_.test = session_->evaluate_on(Split::kTest, 0);
  result_.test_part = has_test_part(e_);
  if (floor_.observe(*result_.test)) progress_.on_note(floor_.sentence());
}

RunResult Run::run() {
  take_folder();
  session_ = std::make_unique<Session>(e_, available_bytes());
  result_.predicted_bytes = session_->predicted_peak_bytes();
  session_->keep_features(feature_settings_of(e_, settings_.folder, settings_.cache, state_.data),
                          [this](const std::string& text) { progress_.on_note(text); });
  open_folder();
  opened_ = true;
  report_start();
  write_run_json(settings_.folder, "running", e_, result());
  bool stopped = pauses();
  started_.restart();
  saved_.restart();
  std::optional<CancelScope> stops;
  if (settings_.stop) stops.emplace();
  while (!over() && !stopped) {
    train_step(state_.step + 1);
    if (evaluation_due()) evaluate_now();
    stopped = pauses() || (settings_.stop && settings_.stop());
    if (checkpoint_due()) save();
  }
  save();
  stops.reset();  // what follows is not lost with the process
  if (over()) finish();
  result_.paused = !result_.done && pauses();
  write_run_json(settings_.folder, result_.done ? "done" : "stopped", e_, result());
  return result();
}

void Run::fail(const Error& error) {
  if (opened_) return write_failure(settings_.folder, e_, result(), error);
  if (taken_) write_failure(settings_.folder, error);
}
}  // namespace

RunResult run_training(const Experiment& e, const RunSettings& settings, Progress& progress) {
  Run run(e, settings, progress);
  try {
    return run.run();
  } catch (const RuntimeError& error) {
    run.fail(error);
    throw;
  } catch (const std::bad_alloc&) {
    const RuntimeError error = out_of_memory();
    run.fail(error);
    throw error;
  }
}
}  // namespace cambium
