// TrialStore: the trials of one study in one SQLite file, <folder>/study.db, which several
// processes share. Each claims a trial, trains it and finishes it; each may propose the next. The
// list of trials does not depend on how many processes there are, on who is faster or on who is
// killed: trial t is proposed from trials <= t - lag, and not before they all have ended. A process
// that dies loses its claims to the others, and nothing else.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/system/clock.h"
#include "search/store/process.h"
#include "search/store/sqlite.h"
#include "search/store/study_record.h"
#include "search/store/trial.h"

namespace cambium {
struct StoreSettings {
  // A claim is beaten for at least so often; one of a process that cannot be seen from here, in
  // another container say, is taken over when it was not for so long.
  double heartbeat_seconds = 10, silence_seconds = 60;
  double patience_seconds = 60;           // for another process that keeps the file
  std::optional<ProcessId> process = {};  // whose claims these are; this one's
};

// What a proposer may know of the trials before the one it proposes.
class TrialHistory {
 public:
  TrialHistory(std::span<const Trial> all, int64_t lag);

  int64_t next() const { return int64_t(all_.size()); }  // the number of the one to propose

  std::span<const Trial> ended() const { return ended_; }  // all up to next() - lag

  // The rest, as they were proposed: how far they have come is not to be known.
  std::span<const Trial> pending() const { return pending_; }

  // For decisions that wait for more: the trial, once it has ended. Until then null, and what is
  // proposed after all is put aside; the proposer will be asked again when more have ended.
  const Trial* await(int64_t number) const;

  // The same for who decides alike whenever he learns it: a trial that runs ends no proposal.
  const Trial* if_ended(int64_t number) const;

  bool is_complete() const { return complete_; }  // await never said null

 private:
  std::span<const Trial> all_, ended_;
  std::vector<Trial> pending_;
  mutable bool complete_ = true;
};

struct NextTrial {
  enum Kind {
    kTrial,
    kLater,    // trials that it needs have not ended
    kNothing,  // for now: a later stage of the study, or more seeds, may bring more
    kFinished  // and never asked again, by any process
  } kind = kFinished;

  // kTrial. Waiting, or at once done, failed or refused, with values and reason. An empty folder
  // becomes runs/<number>.
  Trial trial = {};
  std::string reason = "";  // kFinished: why, as "space exhausted: 81 structures"
};

// A pure function of the history (its numbers, points, keys, seeds and values): it may be asked for
// the same trial more than once, by any of the processes.
using ProposeTrial = std::function<NextTrial(const TrialHistory&)>;

enum class Proposal {
  kAdded,
  kLater,    // trials that it needs have not ended, or another process is at it
  kNothing,  // NextTrial::kNothing: nothing was added
  kFinished  // there will be no more trials
};

struct TrialClaim {
  Trial trial;  // with its spec; trial.attempts says how often it was claimed before, and this time

  int64_t number() const { return trial.number; }
};

struct TrialEnd {
  TrialState state = TrialState::kDone;  // kDone, kFailed, kRefused
  Json values = Json::object();
  std::string reason = "";
};

// Of one thread, and not to be carried through fork().
class TrialStore {
 public:
  // Opens the store of a study, or makes it. UserError: it is another study's or another machine's,
  // a newer program's, no store at all, or on a disk where stores are not safe. RuntimeError: it is
  // damaged, or as Sqlite says; so from everything below.
  TrialStore(const std::string& folder, const StudyRecord& study,
             const StoreSettings& settings = {});

  // To look at while others write, also where nothing can be written. What changes is refused.
  static TrialStore view(const std::string& folder);

  // What the file says of its study.
  const StudyRecord& study() const { return study_; }

  // All so far, without their specs, as of this call; valid until the next.
  std::span<const Trial> trials();
  std::string spec_of(int64_t number);
  // Why there will be no more trials; none while there may be.
  std::optional<std::string> finished();

  // Asks for the next trial and adds it, where it may be.
  Proposal propose_next(const ProposeTrial& propose);

  // The first trial that nobody works on: waiting, stopped, or of a process that has died.
  std::optional<TrialClaim> claim();
  // Says that this process still works on what it claimed; to be called at least every
  // heartbeat_seconds, cheap when called more often. Answers claims that others took over since.
  std::vector<int64_t> beat();
  // On disk for good when it returns. False: another process has taken the trial over, and nothing
  // was changed.
  bool finish(const TrialClaim& claim, const TrialEnd& outcome);
  bool give_back(const TrialClaim& claim);  // saved before its end: kStopped
  // A failed trial waits again: for those from whose outcome nothing was proposed. False: it has
  // not failed, or another process was first.
  bool retry(int64_t number);

  // The list as text, a trial a line: what was proposed, without times, processes and attempts, and
  // with `outcomes` what became of it. The same bytes for the same study, however it was worked on.
  std::string dump(bool outcomes = true);

 private:
  TrialStore(Sqlite database, const std::string& folder, const StoreSettings& settings);

  struct Silence {  // of a claim, as it was last seen
    std::string state;
    Stopwatch since;
  };

  bool may_propose();
  Proposal add(const NextTrial& next);
  std::optional<int64_t> first_free();
  bool is_deserted(const SqlStatement& claim_row, int64_t number);
  bool leave(const TrialClaim& claim, const TrialEnd& outcome, bool for_good);

  std::string folder_;
  Sqlite database_;
  StoreSettings settings_;
  StudyRecord study_;
  ProcessId process_;
  std::string worker_;         // this store's name in its claims
  std::vector<Trial> trials_;  // as last read
  size_t ended_ = 0;           // so many from the first have ended, and need not be read again
  std::map<int64_t, int64_t> claimed_;  // trial -> attempt
  std::map<int64_t, Silence> silences_;
  Stopwatch last_beat_;
};
}  // namespace cambium
