#include "search/methods/support/method.h"

#include <algorithm>
#include <tuple>

#include "core/text/suggest.h"

namespace cambium {
Random random_of(const ProposalInputs& in) {
  // 2^20 blocks an attempt, 2^12 attempts a trial.
  const auto trial = uint64_t(in.history.size());
  return Random(in.seed, stream_of("search.proposal"),
                (trial << 32) | (uint64_t(in.attempt) << 20));
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
}  // namespace cambium
