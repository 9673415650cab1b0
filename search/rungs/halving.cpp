#include "search/rungs/halving.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.h"

namespace cambium {
Halving::Halving(HalvingSettings settings) : settings_(std::move(settings)) {
  const std::vector<double>& r = settings_.rungs;
  require(!r.empty() && r.front() > 0 && r.back() == 1 &&
              std::ranges::adjacent_find(r, std::greater_equal{}) == r.end(),
          "rungs are shares of a training that rise to 1");
  require(settings_.keep > 0 && settings_.keep < 1, "a rung keeps a share between 0 and 1, got ",
          settings_.keep);
  ensure(settings_.trials >= 1 && settings_.lag >= 1, "halving without trials");
  ended_.resize(r.size());
  begun_.resize(r.size());
  told_.resize(r.size());
  for (auto& t : told_) t.resize(size_t(settings_.trials));
}

std::vector<size_t> Halving::best_of(size_t rung) const {
  const std::vector<Ended>& ended = ended_[rung];
  std::vector<size_t> order;
  for (size_t i = 0; i < ended.size(); ++i)
    if (!std::isnan(ended[i].loss)) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](size_t i) { return ended[i].loss; });
  auto places = size_t(double(ended.size()) * settings_.keep);
  if (settings_.whole_rungs) places = std::max<size_t>(1, places);
  order.resize(std::min(order.size(), places));
  return order;
}

bool Halving::whole(size_t rung) const {
  if (int64_t(ended_[rung].size()) < begun_[rung]) return false;
  if (rung == 0) return begun_[0] == settings_.trials;
  return whole(rung - 1) && std::ranges::all_of(best_of(rung - 1), [&](size_t i) {
           return ended_[rung - 1][i].went_on;
         });
}

Halving::Next Halving::begin(int64_t trial, int64_t rung) {
  const size_t r = size_t(rung);
  const double share = settings_.rungs[r] - (r ? settings_.rungs[r - 1] : 0);
  const double cost = share * (settings_.cost ? settings_.cost(trial) : 1);
  running_.push_back({now_ + cost, pieces_++, trial, rung});
  ++begun_[r];
  if (rung == 0) reached_.push_back(0);
  reached_[size_t(trial)] = rung;
  cost_ += cost;
  return {Next::kPiece, trial, rung};
}

// The highest rung that has somebody to go on, else a new trial; none: nothing can begin now.
std::optional<Halving::Next> Halving::decide() {
  for (size_t r = settings_.rungs.size() - 1; r-- > 0;) {
    if (settings_.whole_rungs && !whole(r)) continue;
    for (const size_t i : best_of(r)) {
      Ended& e = ended_[r][i];
      if (e.went_on) continue;
      e.went_on = true;
      return begin(e.trial, int64_t(r) + 1);
    }
  }
  if (begun_[0] < settings_.trials) return begin(begun_[0], 0);
  return std::nullopt;
}

Halving::Next Halving::next() {
  for (;;) {
    if (int64_t(running_.size()) < settings_.lag)
      if (const auto piece = decide()) return *piece;
    if (running_.empty()) return {Next::kFinished};
    const auto first = std::ranges::min_element(
        running_, {}, [](const Running& r) { return std::tuple(r.end, r.order); });
    const std::optional<double> loss = told_[size_t(first->rung)][size_t(first->trial)];
    if (!loss) return {Next::kLater};
    now_ = first->end;
    ended_[size_t(first->rung)].push_back({first->trial, *loss});
    running_.erase(first);
  }
}

void Halving::tell(int64_t trial, int64_t rung, double loss) {
  ensure(trial >= 0 && trial < int64_t(reached_.size()) && rung >= 0 &&
             rung <= reached_[size_t(trial)] && !told_[size_t(rung)][size_t(trial)],
         "trial ", trial, " is told twice of rung ", rung, ", or did not begin it");
  told_[size_t(rung)][size_t(trial)] = loss;
}
}  // namespace cambium
