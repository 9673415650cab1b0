#include "search/trials/trial_list.h"

#include <memory>

namespace cambium {
namespace {
bool is_in(const TrialHistory& history, const Trial& planned) {
  for (const auto trials : {history.ended(), history.pending()})
    for (const Trial& t : trials)
      if (t.folder == planned.folder) return true;
  return false;
}
}  // namespace

ProposeTrial listed(std::vector<Trial> planned) {
  for (const Trial& t : planned) ensure(!t.folder.empty(), "a listed trial has no folder");
  const auto list = std::make_shared<const std::vector<Trial>>(std::move(planned));
  // Where the search begins: all before are in the store, which loses none.
  const auto begin = std::make_shared<size_t>(0);
  return [list, begin](const TrialHistory& history) -> NextTrial {
    while (*begin < list->size() && is_in(history, (*list)[*begin])) ++*begin;
    if (*begin == list->size()) return {.kind = NextTrial::kNothing};
    return {.kind = NextTrial::kTrial, .trial = (*list)[*begin]};
  };
}
}  // namespace cambium
