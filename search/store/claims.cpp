// Claims: who works on which trial, and who has died.
#include <algorithm>

#include "search/store/schema.h"

namespace cambium {
// A row of first_free, from its third column on.
bool TrialStore::is_deserted(const SqlStatement& row, int64_t number) {
  if (row.is_null(2)) return true;  // nobody's
  const auto alive = is_alive({row.integer(4), row.integer(5), row.text(6), ""});
  if (alive) return !*alive;
  // By this machine's steady clock: others' clocks may be wrong.
  const std::string state = str(row.text(2), " ", row.integer(3), " ", row.integer(7));
  Silence& silence = silences_[number];
  if (silence.state != state) silence = {state, Stopwatch()};
  return silence.since.seconds() > settings_.silence_seconds;
}

std::optional<int64_t> TrialStore::first_free() {
  SqlStatement rows = database_.prepare(
      "SELECT t.number, t.state, c.worker, c.attempt, c.pid, c.start, c.machine, c.beats FROM "
      "trials t LEFT JOIN claims c ON c.trial = t.number WHERE t.state IN ('waiting', 'running', "
      "'stopped') ORDER BY t.number");
  while (rows.step()) {
    const int64_t number = rows.integer(0);
    if (rows.text(1) != name_of(TrialState::kRunning) || is_deserted(rows, number)) return number;
  }
  return std::nullopt;
}

std::optional<TrialClaim> TrialStore::claim() {
  ensure(!worker_.empty(), "a store that is viewed is written to");
  if (!first_free()) return std::nullopt;  // without a lock, as when many wait for work
  SqlTransaction all(database_, SqlTransaction::kWrites);
  const auto number = first_free();
  if (!number) return std::nullopt;
  database_
      .prepare(
          "UPDATE trials SET state = 'running', attempts = attempts + 1, started = CASE WHEN "
          "started = 0 THEN ? ELSE started END WHERE number = ?")
      .bind(unix_seconds())
      .bind(*number)
      .run();
  TrialClaim claim;
  {
    SqlStatement row =
        database_.prepare(str("SELECT ", kTrialColumns, ", spec FROM trials WHERE number = ?"));
    row.bind(*number);
    ensure(row.step(), "trial ", *number, " is gone");
    claim.trial = trial_of(row, database_.path());
    claim.trial.spec = row.text(kSpecColumn);
  }
  database_.prepare("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)")
      .bind(*number)
      .bind(worker_)
      .bind(claim.trial.attempts)
      .bind(process_.pid)
      .bind(process_.start)
      .bind(process_.machine)
      .bind(process_.host)
      .bind(unix_seconds())
      .run();
  all.commit();
  claimed_[*number] = claim.trial.attempts;
  return claim;
}

std::vector<int64_t> TrialStore::beat() {
  std::vector<int64_t> lost;
  if (claimed_.empty() || last_beat_.seconds() < settings_.heartbeat_seconds) return lost;
  last_beat_.restart();
  SqlTransaction all(database_, SqlTransaction::kWrites);
  for (const auto& [number, attempt] : claimed_) {
    database_
        .prepare(
            "UPDATE claims SET beats = beats + 1, beaten = ? WHERE trial = ? AND worker = ? "
            "AND attempt = ?")
        .bind(unix_seconds())
        .bind(number)
        .bind(worker_)
        .bind(attempt)
        .run();
    if (database_.changes() == 0) lost.push_back(number);
  }
  all.commit();
  for (const int64_t number : lost) claimed_.erase(number);
  return lost;
}

bool TrialStore::finish(const TrialClaim& claim, const TrialEnd& outcome) {
  ensure(has_ended(outcome.state), "a trial is finished that has not ended");
  return leave(claim, outcome, true);
}

bool TrialStore::give_back(const TrialClaim& claim) {
  return leave(claim, {.state = TrialState::kStopped}, false);
}

bool TrialStore::retry(int64_t number) {
  ensure(!worker_.empty(), "a store that is viewed is written to");
  SqlTransaction all(database_, SqlTransaction::kWrites);
  database_
      .prepare(
          "UPDATE trials SET state = 'waiting', results = '{}', reason = '', attempts = 0, "
          "ended = 0 WHERE number = ? AND state = 'failed'")
      .bind(number)
      .run();
  const bool ours = database_.changes() == 1;
  all.commit();
  if (ours) ended_ = std::min(ended_, size_t(number));
  return ours;
}

bool TrialStore::leave(const TrialClaim& claim, const TrialEnd& outcome, bool for_good) {
  ensure(!worker_.empty(), "a store that is viewed is written to");
  SqlTransaction all(database_,
                     for_good ? SqlTransaction::kWritesForGood : SqlTransaction::kWrites);
  database_.prepare("DELETE FROM claims WHERE trial = ? AND worker = ? AND attempt = ?")
      .bind(claim.number())
      .bind(worker_)
      .bind(claim.trial.attempts)
      .run();
  const bool ours = database_.changes() == 1;
  if (ours) {
    database_
        .prepare("UPDATE trials SET state = ?, results = ?, reason = ?, ended = ? WHERE number = ?")
        .bind(name_of(outcome.state))
        .bind(to_text(outcome.values))
        .bind(outcome.reason)
        .bind(for_good ? unix_seconds() : 0.0)
        .bind(claim.number())
        .run();
    all.commit();
  }
  // What has a claim of the same trial since is another one.
  const auto held = claimed_.find(claim.number());
  if (held != claimed_.end() && held->second == claim.trial.attempts) claimed_.erase(held);
  return ours;
}
}  // namespace cambium
