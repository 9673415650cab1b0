// Workers: processes that share a store of trials, propose, "train" in a moment, and are killed.
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/hash.h"
#include "core/rng.h"
#include "core/system/clock.h"
#include "core/system/files.h"
#include "search/store/trial_store.h"

namespace cambium::store_workers {
inline StudyRecord study(int64_t lag = 8) {
  return {.name = "tiny", .settings = {{"seed", 1}, {"space", {{"x", {0, 1}}}}}, .lag = lag};
}

// What the training of a trial gives: a function of the trial alone.
inline double value_of(const Trial& t) {
  return std::sin(7 * t.point["x"].get<double>()) + double(t.seed % 13) * 0.01;
}

// Steps from the best of the trials that ended, away from those that are pending; every bit of the
// history shows in the point. Some are refused at once, some wait for the trial just before.
inline NextTrial propose(const TrialHistory& history, int64_t total) {
  const int64_t t = history.next();
  if (t == total) return {.kind = NextTrial::kFinished, .reason = str(total, " trials")};
  double best = -10, from = 0.5;
  uint64_t mixed = uint64_t(t);
  for (const Trial& e : history.ended()) {
    const double value = e.values.value("score", -20.0);
    mixed = joined_hash({mixed, hash_text(to_text(e.values))});
    if (value > best) from = e.point["x"].get<double>();
    best = std::max(best, value);
  }
  for (const Trial& p : history.pending())
    mixed = joined_hash({mixed, hash_text(to_text(p.point)), uint64_t(p.state)});
  if (t % 23 == 22)
    if (const Trial* before = history.await(t - 1)) mixed ^= hash_text(to_text(before->values));
  Random random(mixed);
  NextTrial next{.kind = NextTrial::kTrial};
  next.trial.arm = t % 2 ? "odd" : "even";
  next.trial.point = {{"x", from + 0.3 * (random.uniform() - 0.5)}};
  next.trial.origin = {{"from", from}};
  next.trial.key = hash_name(hash_text(to_text(next.trial.point)));
  next.trial.spec = str("model: ", to_text(next.trial.point), "\n");
  next.trial.seed = int64_t(mixed >> 40);
  next.trial.steps = 10 + t % 3;
  next.trial.cost = 1e6 * double(next.trial.steps);
  if (t % 17 == 16) {
    next.trial.state = TrialState::kRefused;
    next.trial.reason = "too wide";
  }
  return next;
}

// Appended at once, so that a kill leaves whole lines.
inline void log_line(const std::string& path, const std::string& line) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  [[maybe_unused]] const ssize_t n = ::write(file, line.data(), line.size());
  ::close(file);
}

struct Work {
  std::string folder;
  int64_t total = 0, lag = 8;
  int64_t longest_microseconds = 0;  // of a "training", drawn anew in each process
  bool logs = true;  // lines "claim NUMBER ATTEMPT MICROSECONDS", "end NUMBER", "proposal NEXT ..."
};

inline std::string log_of(const std::string& folder) {
  return folder + "/work.txt";
}

// Until there is nothing left to do.
inline void work(const Work& w) {
  TrialStore store(w.folder, study(w.lag), {.heartbeat_seconds = 0.05});
  Random duration(uint64_t(::getpid()) * 1000003u + uint64_t(unix_seconds() * 1e6));
  const auto log = [&](const std::string& line) {
    if (w.logs) log_line(log_of(w.folder), line);
  };
  for (;;) {
    store.beat();
    const Stopwatch clock;
    if (const auto claim = store.claim()) {
      log(str("claim ", claim->number(), " ", claim->trial.attempts, " ",
              int64_t(clock.seconds() * 1e6), "\n"));
      if (w.longest_microseconds > 0)
        std::this_thread::sleep_for(
            std::chrono::microseconds(duration.below(w.longest_microseconds)));
      TrialEnd outcome{.values = {{"score", value_of(claim->trial)}}};
      if (claim->number() % 11 == 10)
        outcome = {.state = TrialState::kFailed, .reason = "not a number"};
      if (store.finish(*claim, outcome)) log(str("end ", claim->number(), "\n"));
      continue;
    }
    const Stopwatch proposing;
    const Proposal p =
        store.propose_next([&](const TrialHistory& h) { return propose(h, w.total); });
    if (p == Proposal::kAdded)
      log(str("proposal ", store.trials().size() - 1, " ", int64_t(proposing.seconds() * 1e6),
              "\n"));
    if (p == Proposal::kFinished &&
        std::ranges::all_of(store.trials(), [](const Trial& t) { return has_ended(t.state); }))
      return;
    if (p != Proposal::kAdded) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// A process that does this and ends with 0, or with 1 after writing what was thrown.
inline pid_t start(const std::function<void()>& action) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::signal(SIGXFSZ, SIG_IGN);
  try {
    action();
  } catch (const std::exception& e) {
    const std::string text = str("a worker failed: ", e.what(), "\n");
    [[maybe_unused]] const ssize_t n = ::write(2, text.data(), text.size());
    ::_exit(1);
  }
  ::_exit(0);
}

// 0: it ended well. Otherwise its exit code, or 128 + the signal.
inline int end_of(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct Killed {
  int kills = 0;   // that hit a process at work
  int failed = 0;  // workers that ended otherwise than well or by a kill
};

// `processes` workers at once until all is done; `kills` times one of them is killed after a random
// while, and replaced.
inline Killed work_together(const Work& w, int processes, int kills = 0, int longest_pause_ms = 0,
                            uint64_t seed = 1) {
  Killed out;
  Random random(seed);
  std::vector<pid_t> workers;
  for (int i = 0; i < processes; ++i) workers.push_back(start([&] { work(w); }));
  for (int k = 0; k < kills; ++k) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + random.below(longest_pause_ms)));
    pid_t& victim = workers[size_t(random.below(processes))];
    ::kill(victim, SIGKILL);
    // Now and then its successor begins while it still is a zombie.
    const pid_t next = start([&] { work(w); });
    const int code = end_of(victim);
    out.kills += code == 128 + SIGKILL;
    out.failed += code != 0 && code != 128 + SIGKILL;
    victim = next;
  }
  for (const pid_t pid : workers) out.failed += end_of(pid) != 0;
  return out;
}
}  // namespace cambium::store_workers
