#include "search/trials/arm.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {
std::optional<Rungs> rungs_of(const ArmSettings& s) {
  if (!s.rungs) return std::nullopt;
  ensure(s.rungs->trials() == s.points, "rungs of other trials than the arm's");
  return Rungs(*s.rungs, {.lag = s.proposer.lag});
}
}  // namespace

int64_t point_index(const Trial& t) {
  const auto index = t.origin.find("point");
  ensure(index != t.origin.end() && index->is_number_integer(), "trial ", t.number,
         " does not say which point it tries");
  return index->get<int64_t>();
}

int64_t part_index(const Trial& t) {
  return t.origin.value("part", int64_t(0));
}

Arm::Arm(ArmSettings settings)
    : settings_(std::move(settings)),
      proposer_(*settings_.space, proposer_settings()),
      rungs_(rungs_of(settings_)) {
  ensure(settings_.plan && settings_.outcome && settings_.parts >= 1,
         "an arm that cannot plan or judge a trial");
}

ProposerSettings Arm::proposer_settings() const {
  ProposerSettings out = settings_.proposer;
  const auto first = [](const Bracket& b) { return b.first; };
  const bool one_first =
      !settings_.rungs ||
      std::ranges::adjacent_find(settings_.rungs->brackets, std::ranges::not_equal_to{}, first) ==
          settings_.rungs->brackets.end();
  if (!one_first) out.group = [this](int64_t point) { return first_rung(point); };
  return out;
}

int64_t Arm::first_rung(int64_t point) const {
  return rungs_ ? settings_.rungs->brackets[size_t(rungs_->bracket_of(point))].first : 0;
}

// A point that the space did not have any more: its piece was begun for nothing.
void Arm::give_up_point(const Piece& piece) {
  exhausted_ = true;
  if (rungs_) rungs_->tell(piece.point, piece.rung, NAN);
}

// Tells what has ended. Whenever it is told, the decisions are the same: the proposer looks at
// what its lag allows, the rungs at what ended before on their own clock.
void Arm::hear(const TrialHistory& history) {
  for (auto row = unheard_.begin(); row != unheard_.end();) {
    const Trial* t = history.if_ended(row->first);
    if (!t) {
      ++row;
      continue;
    }
    const Piece piece = row->second;
    const std::pair place(piece.point, piece.rung);
    std::vector<Trial>& parts = heard_[place];
    parts.push_back(*t);
    if (int64_t(parts.size()) == settings_.parts) {
      std::ranges::sort(parts, {}, part_index);
      tell(piece, parts);
      heard_.erase(place);
    }
    row = unheard_.erase(row);
  }
}

void Arm::tell(const Piece& piece, std::span<const Trial> parts) {
  TrialOutcome outcome;
  outcome.failed =
      std::ranges::any_of(parts, [](const Trial& t) { return t.state != TrialState::kDone; });
  if (!outcome.failed) outcome = settings_.outcome(parts);
  if (rungs_)
    rungs_->tell(piece.point, piece.rung,
                 outcome.failed || outcome.violation > 0 ? NAN : outcome.losses[0]);
  if (piece.rung == first_rung(piece.point)) proposer_.tell(piece.point, std::move(outcome));
}

// Held afterwards, unless there is none.
Arm::Next Arm::decide_piece() {
  if (held_) return Next::kTrial;
  if (rest_) {
    held_ = *std::exchange(rest_, std::nullopt);
    return Next::kTrial;
  }
  if (!rungs_) {
    if (exhausted_ || begun_ == settings_.points) return Next::kFinished;
    held_ = Piece{begun_++, 0, 0};
    return Next::kTrial;
  }
  const Rungs::Next next = rungs_->next();
  if (next.kind == Rungs::Next::kLater) return Next::kLater;
  if (next.kind == Rungs::Next::kFinished) return Next::kFinished;
  held_ = Piece{next.trial, next.rung, 0};
  return Next::kTrial;
}

// A row is there: it is waited for, and the piece's next part follows it.
void Arm::settle(const Trial& row, const Piece& piece) {
  unheard_.emplace(row.number, piece);
  if (piece.part + 1 < settings_.parts) rest_ = Piece{piece.point, piece.rung, piece.part + 1};
}

// A row that this process or another one proposed.
void Arm::take_over(const Trial& row, const TrialHistory& history) {
  const int64_t point = point_index(row);
  const Piece piece{point, row.rung, part_index(row)};
  if (decided_) {
    ensure(decided_->piece == piece, "trial ", row.number, " of '", settings_.name,
           "' is not the one that follows from the others");
    decided_.reset();
    settle(row, piece);
    return;
  }
  for (;;) {
    const Next next = decide_piece();
    ensure(next == Next::kTrial, "trial ", row.number, " of '", settings_.name,
           "' does not follow from the others");
    if (*held_ == piece) break;
    give_up_point(*std::exchange(held_, std::nullopt));
    hear(history);
  }
  held_.reset();
  if (point == proposer_.size())
    proposer_.restore(settings_.space->point_of(row.point),
                      row.origin.value("parents", std::vector<int64_t>()));
  settle(row, piece);
}

void Arm::catch_up(const TrialHistory& history) {
  for (const auto rows : {history.ended(), history.pending()})
    for (const Trial& row : rows)
      if (row.number >= seen_ && row.arm == settings_.name && row.origin.contains("point")) {
        hear(history);
        take_over(row, history);
      }
  seen_ = history.next();
  hear(history);
}

Trial Arm::make(const Piece& piece) {
  const auto [known, fresh] = whole_.try_emplace(piece.point);
  if (fresh) known->second = settings_.plan(proposer_.point(piece.point), piece.point);
  ensure(int64_t(known->second.size()) == settings_.parts, "a plan of ", known->second.size(),
         " trials for ", settings_.parts, " parts");
  Trial t = known->second[size_t(piece.part)];
  t.arm = settings_.name;
  t.point = settings_.space->json(proposer_.point(piece.point));
  t.origin["point"] = piece.point;
  t.origin["method"] = settings_.proposer.method->name;
  if (settings_.parts > 1) t.origin["part"] = piece.part;
  if (const auto& parents = proposer_.parents(piece.point); !parents.empty())
    t.origin["parents"] = parents;
  t.rung = piece.rung;
  const auto share_of = [&](int64_t rung) { return settings_.rungs->shares[size_t(rung)]; };
  const bool goes_on = piece.rung > first_rung(piece.point);
  const double share = settings_.rungs ? share_of(piece.rung) : 1,
               before = goes_on ? share_of(piece.rung - 1) : 0;
  t.cost *= share - before;
  if (share < 1) t.pause_at = std::max<int64_t>(1, std::llround(share * double(t.steps)));
  return t;
}

Arm::Next Arm::next(const TrialHistory& history) {
  catch_up(history);
  if (decided_) return Next::kTrial;
  for (;;) {
    if (const Next next = decide_piece(); next != Next::kTrial) return next;
    if (held_->point >= proposer_.size()) {
      if (exhausted_) {
        give_up_point(*std::exchange(held_, std::nullopt));
        continue;
      }
      const Proposer::Next next = proposer_.next();
      if (next.kind == Proposer::Next::kLater) return Next::kLater;
      if (next.kind == Proposer::Next::kExhausted) {
        give_up_point(*std::exchange(held_, std::nullopt));
        continue;
      }
      ensure(next.trial == held_->point, "points and pieces are counted differently");
    }
    decided_ = Decided{*held_, make(*held_)};
    held_.reset();
    return Next::kTrial;
  }
}

// The turn is that of the arm after the last row's, whether or not it has to wait: else the list
// would depend on who is faster.
ProposeTrial by_turns(std::vector<std::shared_ptr<Arm>> arms) {
  return [arms = std::move(arms)](const TrialHistory& history) -> NextTrial {
    const int64_t rows = history.next();
    for (size_t i = 0; i < arms.size(); ++i) {
      Arm& arm = *arms[size_t(rows + int64_t(i)) % arms.size()];
      const Arm::Next next = arm.next(history);
      if (next == Arm::Next::kTrial) return {.kind = NextTrial::kTrial, .trial = arm.trial()};
      if (next == Arm::Next::kLater) return {.kind = NextTrial::kLater};
    }
    return {.kind = NextTrial::kNothing};
  };
}
}  // namespace cambium
