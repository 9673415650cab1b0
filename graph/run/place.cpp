// place: offsets for buffers with known lives. Optimal placement is NP-hard, so three cheap
// strategies compete: greedy by size (Pisarchyk and Lee 2020, arXiv 2001.03288), greedy by breadth
// (the same paper), and best fit in order of birth. The smallest arena wins; while it is above the
// lower bound, its order is improved by trial.
#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "core/rng.h"
#include "graph/run/buffers.h"

namespace cambium {
namespace {
bool overlap(const Life& a, const Life& b) {
  return a.first <= b.last && b.first <= a.last;
}

// Puts buffers one by one, in the given order, into the smallest gap among placed neighbours in
// time.
Placement place_in_order(std::span<const Life> lives, std::span<const int> order,
                         std::string strategy) {
  Placement p{.offsets = std::vector<int64_t>(lives.size(), 0), .strategy = std::move(strategy)};
  std::vector<int> placed;  // sorted by offset
  for (int i : order) {
    const int64_t size = whole_lines(lives[size_t(i)].bytes);
    int64_t best = -1, best_gap = std::numeric_limits<int64_t>::max(), end = 0;
    for (int j : placed) {
      if (!overlap(lives[size_t(i)], lives[size_t(j)])) continue;
      const int64_t gap = p.offsets[size_t(j)] - end;
      if (gap >= size && gap < best_gap) {
        best = end;
        best_gap = gap;
      }
      end = std::max(end, p.offsets[size_t(j)] + whole_lines(lives[size_t(j)].bytes));
    }
    p.offsets[size_t(i)] = best >= 0 ? best : end;
    p.bytes = std::max(p.bytes, p.offsets[size_t(i)] + size);
    placed.insert(std::ranges::upper_bound(placed, p.offsets[size_t(i)], {},
                                           [&](int j) { return p.offsets[size_t(j)]; }),
                  i);
  }
  return p;
}

std::vector<int> by_size(std::span<const Life> lives) {
  std::vector<int> order(lives.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater{}, [&](int i) { return lives[size_t(i)].bytes; });
  return order;
}

std::vector<int> by_birth(std::span<const Life> lives) {
  std::vector<int> order(lives.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](int i) { return lives[size_t(i)].first; });
  return order;
}

// Steps by the bytes alive there, most first; within a step the largest buffer first.
std::vector<int> by_breadth(std::span<const Life> lives) {
  int steps = 0;
  for (const Life& l : lives) steps = std::max(steps, l.last + 1);
  std::vector<int64_t> breadth(size_t(steps), 0);
  std::vector<std::vector<int>> alive{size_t(steps)};
  for (int i : by_size(lives))
    for (int s = lives[size_t(i)].first; s <= lives[size_t(i)].last; ++s) {
      breadth[size_t(s)] += whole_lines(lives[size_t(i)].bytes);
      alive[size_t(s)].push_back(i);
    }
  std::vector<int> step_order(static_cast<size_t>(steps));
  std::iota(step_order.begin(), step_order.end(), 0);
  std::ranges::stable_sort(step_order, std::greater{}, [&](int s) { return breadth[size_t(s)]; });
  std::vector<int> order;
  std::vector<bool> taken(lives.size());
  for (int s : step_order)
    for (int i : alive[size_t(s)])
      if (!taken[size_t(i)]) {
        taken[size_t(i)] = true;
        order.push_back(i);
      }
  return order;
}

// Moves the buffer that ends highest before one that lives beside it, or a random one anywhere, and
// keeps the order when the arena does not grow; until it is as small as it can be, or `trials` are
// used up.
Placement improved(std::span<const Life> lives, std::vector<int> order, Placement best,
                   int64_t lower_bound, int64_t trials) {
  Random random(0, stream_of("placement"));
  const auto move = [&](std::vector<int>& turns, size_t from, size_t to) {
    const auto at = turns.begin();
    if (from > to) std::rotate(at + long(to), at + long(from), at + long(from) + 1);
    if (from < to) std::rotate(at + long(from), at + long(from) + 1, at + long(to) + 1);
  };
  for (int64_t k = 0; k < trials && best.bytes > lower_bound; ++k) {
    const auto n = uint32_t(order.size());
    const auto highest = std::ranges::find_if(order, [&](int i) {
      return best.offsets[size_t(i)] + whole_lines(lives[size_t(i)].bytes) == best.bytes;
    });
    std::vector<size_t> beside;  // turns
    for (size_t t = 0; t < n; ++t)
      if (order[t] != *highest && overlap(lives[size_t(order[t])], lives[size_t(*highest)]))
        beside.push_back(t);
    std::vector<int> trial = order;
    if (random.below(2) == 0 && !beside.empty())
      move(trial, size_t(highest - order.begin()), beside[random.below(uint32_t(beside.size()))]);
    else if (!beside.empty())
      move(trial, beside[random.below(uint32_t(beside.size()))], random.below(n));
    Placement p = place_in_order(lives, trial, best.strategy);
    if (p.bytes > best.bytes) continue;
    best = std::move(p);
    order = std::move(trial);
  }
  return best;
}
}  // namespace

int64_t lower_bound_of(std::span<const Life> lives) {
  std::map<int, int64_t> change;  // step -> bytes born minus bytes dead
  for (const Life& l : lives) {
    change[l.first] += whole_lines(l.bytes);
    change[l.last + 1] -= whole_lines(l.bytes);
  }
  int64_t alive = 0, most = 0;
  for (const auto& [step, bytes] : change) most = std::max(most, alive += bytes);
  return most;
}

Placement place(std::span<const Life> lives) {
  constexpr int64_t kMostTrials = 150, kMostWork = 20'000'000;
  const int64_t bound = lower_bound_of(lives), n = std::max<int64_t>(1, int64_t(lives.size()));
  const std::pair<const char*, std::vector<int>> strategies[] = {
      {"greedy by size", by_size(lives)},
      {"best fit", by_birth(lives)},
      {"greedy by breadth", by_breadth(lives)}};
  Placement best{.bytes = std::numeric_limits<int64_t>::max()};
  for (const int64_t trials : {int64_t(0), std::min(kMostTrials, kMostWork / (n * n))})
    for (const auto& [name, order] : strategies) {
      if (best.bytes == bound) break;
      Placement p = improved(lives, order, place_in_order(lives, order, name), bound, trials);
      if (p.bytes >= best.bytes) continue;
      if (trials > 0) p.strategy += ", improved";
      best = std::move(p);
    }
  best.lower_bound = bound;
  return best;
}
}  // namespace cambium
