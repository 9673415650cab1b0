#include "search/methods/support/method.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/text/suggest.h"
#include "search/answer/front.h"

namespace cambium {
Random random_of(const ProposalInputs& in) {
  // 2^20 blocks an attempt, 2^12 attempts a trial.
  return Random(in.seed, stream_of("search.proposal"),
                (uint64_t(in.trial) << 32) | (uint64_t(in.attempt) << 20));
}

const Method& find_method(std::string_view name, const Mark& mark) {
  std::vector<std::string> known;
  for (const Method* m : builtin_methods()) {
    if (m->name == name) return *m;
    known.emplace_back(m->name);
  }
  throw UserError(str("unknown method '", name, "'"), suggestion(name, known), mark);
}

std::vector<size_t> ranked(std::span<const PastTrial> history) {
  std::vector<size_t> known;
  for (size_t i = 0; i < history.size(); ++i)
    if (history[i].outcome) known.push_back(i);
  const auto rank = [&](size_t i) {
    const TrialOutcome& o = *history[i].outcome;
    return std::tuple(o.failed, o.violation, o.failed ? 0 : o.losses[0], i);
  };
  std::ranges::sort(known, {}, rank);
  return known;
}

std::vector<size_t> best_first(std::span<const PastTrial> history) {
  std::vector<size_t> order = ranked(history);
  if (order.empty() || history[order[0]].outcome->losses.size() < 2) return order;
  std::vector<Losses> results;
  for (const size_t i : order) {
    const TrialOutcome& o = *history[i].outcome;
    results.push_back({o.losses, o.failed ? HUGE_VAL : o.violation});
  }
  const std::vector<int64_t> fronts = front_numbers(results);
  std::vector<double> room(order.size());
  for (int64_t f = 0; f <= std::ranges::max(fronts); ++f) {
    std::vector<Losses> front;
    for (size_t i = 0; i < results.size(); ++i)
      if (fronts[i] == f) front.push_back(results[i]);
    const std::vector<double> inside = room_around(front);
    for (size_t i = 0, k = 0; i < results.size(); ++i)
      if (fronts[i] == f) room[i] = inside[k++];
  }
  std::vector<size_t> places(order.size());
  for (size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::ranges::stable_sort(places, {}, [&](size_t i) { return std::pair(fronts[i], -room[i]); });
  std::vector<size_t> out;
  for (const size_t i : places) out.push_back(order[i]);
  return out;
}
}  // namespace cambium
