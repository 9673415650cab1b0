#include "search/rungs/support/rungs.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.h"

namespace cambium {
namespace {
constexpr double kRounding = 1e-9;  // a third of 27 is 9
}

int64_t most_pieces(const RungPlan& plan) {
  int64_t pieces = 0;
  for (const Bracket& b : plan.brackets) {
    int64_t at_rung = b.trials;
    for (auto rung = size_t(b.first); rung < plan.shares.size() && at_rung > 0; ++rung) {
      pieces += at_rung;
      at_rung = int64_t(double(at_rung) * plan.keep + 1e-9);
      if (plan.whole_rungs) at_rung = std::max<int64_t>(1, at_rung);
    }
  }
  return pieces;
}

int64_t RungPlan::trials() const {
  int64_t sum = 0;
  for (const Bracket& b : brackets) sum += b.trials;
  return sum;
}

Rungs::Rungs(RungPlan plan, RungClock clock) : plan_(std::move(plan)), clock_(std::move(clock)) {
  const std::vector<double>& s = plan_.shares;
  ensure(!s.empty() && s.front() > 0 && s.back() == 1 &&
             std::ranges::adjacent_find(s, std::greater_equal{}) == s.end(),
         "rungs do not rise to 1");
  ensure(plan_.keep > 0 && plan_.keep < 1 && clock_.lag >= 1, "rungs that keep ", plan_.keep,
         ", with ", clock_.lag, " workers");
  for (const Bracket& b : plan_.brackets)
    ensure(b.first >= 0 && b.first < int64_t(s.size()) && b.trials >= 1, "a bracket of ", b.trials,
           " trials begins at rung ", b.first);
  levels_.assign(plan_.brackets.size(), std::vector<Level>(s.size()));
}

std::vector<size_t> Rungs::best_of(const Level& level) const {
  const std::vector<Ended>& ended = level.ended;
  std::vector<size_t> order;
  for (size_t i = 0; i < ended.size(); ++i)
    if (!std::isnan(ended[i].loss)) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](size_t i) { return ended[i].loss; });
  auto places = size_t(double(ended.size()) * plan_.keep + kRounding);
  if (plan_.whole_rungs) places = std::max<size_t>(1, places);
  order.resize(std::min(order.size(), places));
  return order;
}

bool Rungs::whole(size_t bracket, size_t rung) const {
  const Bracket& b = plan_.brackets[bracket];
  const Level& level = levels_[bracket][rung];
  if (int64_t(level.ended.size()) < level.begun) return false;
  if (int64_t(rung) == b.first) return level.begun == b.trials;
  const Level& below = levels_[bracket][rung - 1];
  return whole(bracket, rung - 1) &&
         std::ranges::all_of(best_of(below), [&](size_t i) { return below.ended[i].went_on; });
}

Rungs::Next Rungs::begin(size_t bracket, int64_t trial, int64_t rung) {
  const size_t r = size_t(rung);
  const bool first = rung == plan_.brackets[bracket].first;
  const double share = plan_.shares[r] - (first ? 0 : plan_.shares[r - 1]);
  const double cost = share * (clock_.cost ? clock_.cost(trial) : 1);
  if (first) trials_.push_back({int64_t(bracket), rung, {}});
  Trial& t = trials_[size_t(trial)];
  t.losses.resize(plan_.shares.size());
  t.rung = rung;
  running_.push_back({now_ + cost, pieces_++, trial, rung});
  ++levels_[bracket][r].begun;
  cost_ += cost;
  return {Next::kPiece, trial, rung};
}

// From the highest rung that has somebody to go on.
std::optional<Rungs::Next> Rungs::go_on(size_t bracket) {
  for (size_t r = plan_.shares.size() - 1; r-- > size_t(plan_.brackets[bracket].first);) {
    if (plan_.whole_rungs && !whole(bracket, r)) continue;
    Level& level = levels_[bracket][r];
    for (const size_t i : best_of(level)) {
      if (level.ended[i].went_on) continue;
      level.ended[i].went_on = true;
      return begin(bracket, level.ended[i].trial, int64_t(r) + 1);
    }
  }
  return std::nullopt;
}

// Who goes on, else a new trial, of the first bracket that has one; none: nothing can begin now.
std::optional<Rungs::Next> Rungs::decide() {
  for (size_t b = 0; b < plan_.brackets.size(); ++b) {
    if (const auto piece = go_on(b)) return piece;
    const int64_t first = plan_.brackets[b].first;
    if (levels_[b][size_t(first)].begun < plan_.brackets[b].trials)
      return begin(b, trials(), first);
  }
  return std::nullopt;
}

Rungs::Next Rungs::next() {
  for (;;) {
    if (int64_t(running_.size()) < clock_.lag)
      if (const auto piece = decide()) return *piece;
    if (running_.empty()) return {Next::kFinished};
    const auto first = std::ranges::min_element(
        running_, {}, [](const Running& r) { return std::tuple(r.end, r.order); });
    const Trial& t = trials_[size_t(first->trial)];
    const std::optional<double> loss = t.losses[size_t(first->rung)];
    if (!loss) return {Next::kLater};
    now_ = first->end;
    levels_[size_t(t.bracket)][size_t(first->rung)].ended.push_back({first->trial, *loss});
    running_.erase(first);
  }
}

void Rungs::tell(int64_t trial, int64_t rung, double loss) {
  ensure(trial >= 0 && trial < trials() && rung <= rung_of(trial) &&
             rung >= plan_.brackets[size_t(bracket_of(trial))].first &&
             !losses_of(trial)[size_t(rung)],
         "trial ", trial, " is told twice of rung ", rung, ", or did not begin it");
  trials_[size_t(trial)].losses[size_t(rung)] = loss;
}

int64_t step_at(double share, int64_t steps) {
  return std::max<int64_t>(1, int64_t(std::llround(share * double(steps))));
}
}  // namespace cambium
