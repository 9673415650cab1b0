#include "search/store/trial_store.h"

#include <algorithm>

#include "core/hash.h"
#include "core/system/files.h"
#include "search/store/disk.h"
#include "search/store/schema.h"

namespace cambium {
namespace {
// Another process proposes for about so long at most; who waits in vain asks again.
constexpr double kPatienceForProposal = 1;

std::string file_in(const std::string& folder) {
  return folder + "/study.db";
}

// While one process makes the file, and while one proposes.
std::string lock_in(const std::string& folder) {
  return folder + "/study.lock";
}

Sqlite open_or_make(const std::string& folder, const StudyRecord& study, double patience_seconds) {
  make_folders(folder);
  require_own_disk(folder);
  const FileLock alone(lock_in(folder), patience_seconds);
  if (!alone.held())
    throw RuntimeError(str("'", lock_in(folder), "' is kept by another process"),
                       "look for one that hangs or was halted (Ctrl-Z), end it and try again");
  Sqlite database(file_in(folder), Sqlite::kWrite, patience_seconds);
  make_tables_if_empty(database, study);
  return database;
}

Sqlite open_to_view(const std::string& folder) {
  if (!file_exists(file_in(folder)))
    throw UserError(str("there is no store of trials in '", folder, "'"),
                    "name the folder of a study that has begun: it holds a file study.db");
  return Sqlite(file_in(folder), Sqlite::kView);
}

// As it was when it was added. What had ended then was never claimed.
Trial as_proposed(const Trial& t) {
  Trial out = t;
  out.added = out.started = out.ended = 0;
  if (t.attempts == 0) return out;
  out.attempts = 0;
  out.state = TrialState::kWaiting;
  out.values = Json::object();
  out.reason = "";
  return out;
}
}  // namespace

TrialHistory::TrialHistory(std::span<const Trial> all, int64_t lag)
    : all_(all), ended_(all.first(size_t(std::max<int64_t>(0, int64_t(all.size()) - lag + 1)))) {
  for (const Trial& t : all.subspan(ended_.size())) pending_.push_back(as_proposed(t));
}

const Trial* TrialHistory::await(int64_t number) const {
  ensure(number >= 0 && number < next(), "trial ", number, " is awaited before it is proposed");
  const Trial* t = if_ended(number);
  complete_ = complete_ && t;
  return t;
}

const Trial* TrialHistory::if_ended(int64_t number) const {
  const Trial& t = all_[size_t(number)];
  return has_ended(t.state) ? &t : nullptr;
}

TrialStore::TrialStore(Sqlite database, const std::string& folder, const StoreSettings& settings)
    : folder_(folder), database_(std::move(database)), settings_(settings) {
  study_ = read_tables(database_);
  trials();  // all rows are looked at once
}

TrialStore::TrialStore(const std::string& folder, const StudyRecord& study,
                       const StoreSettings& settings)
    : TrialStore(open_or_make(folder, complete(study), settings.patience_seconds), folder,
                 settings) {
  require_same(study_, complete(study), database_.path());
  process_ = settings.process ? *settings.process : own_process();
  static int stores = 0;
  worker_ = str(process_.host, " ", process_.pid, " ", process_.start, " ", ++stores, " ",
                unix_seconds());
}

TrialStore TrialStore::view(const std::string& folder) {
  return TrialStore(open_to_view(folder), folder, {});
}

std::span<const Trial> TrialStore::trials() {
  SqlStatement rows = database_.prepare(
      str("SELECT ", kTrialColumns, " FROM trials WHERE number >= ? ORDER BY number"));
  rows.bind(int64_t(ended_));
  trials_.resize(ended_);
  while (rows.step()) {
    trials_.push_back(trial_of(rows, database_.path()));
    if (trials_.back().number != int64_t(trials_.size()) - 1)
      refuse_damage(database_.path(), str("there is no trial ", trials_.size() - 1, " in it"));
  }
  while (ended_ < trials_.size() && has_ended(trials_[ended_].state)) ++ended_;
  return trials_;
}

std::string TrialStore::spec_of(int64_t number) {
  SqlStatement row = database_.prepare("SELECT spec FROM trials WHERE number = ?");
  row.bind(number);
  ensure(row.step(), "there is no trial ", number);
  return row.text(0);
}

std::optional<std::string> TrialStore::finished() {
  SqlStatement row = database_.prepare("SELECT value FROM meta WHERE key = 'finished'");
  if (!row.step()) return std::nullopt;
  return row.text(0);
}

// Trial t may be proposed when all up to t - lag have ended.
bool TrialStore::may_propose() {
  return int64_t(trials().size()) - study_.lag < int64_t(ended_);
}

Proposal TrialStore::propose_next(const ProposeTrial& propose) {
  ensure(!worker_.empty(), "a store that is viewed is written to");
  if (finished()) return Proposal::kFinished;
  if (!may_propose()) return Proposal::kLater;
  // The database stays free for others meanwhile: a proposal may take seconds.
  const FileLock alone(lock_in(folder_), kPatienceForProposal);
  if (!alone.held()) return Proposal::kLater;
  if (finished()) return Proposal::kFinished;
  if (!may_propose()) return Proposal::kLater;
  const TrialHistory history(trials_, study_.lag);
  const NextTrial next = propose(history);
  if (!history.is_complete() || next.kind == NextTrial::kLater) return Proposal::kLater;
  if (next.kind == NextTrial::kNothing) return Proposal::kNothing;
  return add(next);
}

Proposal TrialStore::add(const NextTrial& next) {
  SqlTransaction all(database_, SqlTransaction::kWrites);
  // Nobody else can have proposed meanwhile, but for one whose lock was taken away by force.
  if (database_.integer("SELECT count(*) FROM trials") != int64_t(trials_.size()) || finished())
    return Proposal::kLater;
  if (next.kind == NextTrial::kFinished) {
    database_.prepare("INSERT INTO meta VALUES ('finished', ?)").bind(next.reason).run();
  } else {
    Trial t = next.trial;
    ensure(t.state == TrialState::kWaiting || has_ended(t.state), "a trial is proposed that runs");
    t.number = int64_t(trials_.size());
    if (t.folder.empty()) t.folder = str("runs/", t.number);
    t.attempts = 0;
    t.added = unix_seconds();
    t.started = 0;
    t.ended = has_ended(t.state) ? t.added : 0;
    insert_trial(database_, t);
  }
  all.commit();
  return next.kind == NextTrial::kFinished ? Proposal::kFinished : Proposal::kAdded;
}

std::string TrialStore::dump(bool outcomes) {
  SqlTransaction one(database_, SqlTransaction::kReads);
  SqlStatement rows =
      database_.prepare(str("SELECT ", kTrialColumns, ", spec FROM trials ORDER BY number"));
  std::string out;
  while (rows.step()) {
    const Trial t = trial_of(rows, database_.path());
    Json line = {{"number", t.number}, {"arm", t.arm},
                 {"point", t.point},   {"origin", t.origin},
                 {"key", t.key},       {"spec", hash_name(hash_text(rows.text(kSpecColumn)))},
                 {"seed", t.seed},     {"rung", t.rung},
                 {"steps", t.steps},   {"pause_at", t.pause_at},
                 {"cost", t.cost},     {"folder", t.folder}};
    if (outcomes && has_ended(t.state)) {
      line["state"] = name_of(t.state);
      line["values"] = t.values;
      line["reason"] = t.reason;
    }
    out += to_text(line) + "\n";
  }
  if (const auto why = finished()) out += to_text(Json{{"finished", *why}}) + "\n";
  return out;
}
}  // namespace cambium
