// Indices that operators read from their inputs. Kernels and references check them by the same
// function before they read anything, so that both refuse the same ones in the same words.
#pragma once
#include <algorithm>
#include <limits>

#include "core/error.h"

namespace cambium {
enum class BelowZero { kRefused, kNone };  // kNone: an index below 0 names nothing

// RuntimeError naming the first of n indices outside [0, end); `what` is whose they are, such as
// "embed's id".
template <class Id>
void check_ids(std::string_view what, const Id* ids, int64_t n, int64_t end,
               BelowZero below = BelowZero::kRefused, std::string help = {}) {
  const auto last = Id(std::min<int64_t>(end, std::numeric_limits<int32_t>::max()) - 1);
  const auto first = below == BelowZero::kNone ? std::numeric_limits<Id>::lowest() : Id(0);
  const auto is_outside = [=](Id id) { return (id < first) | (id > last); };
  int outside = 0;  // not a search, which would not vectorise
  for (int64_t i = 0; i < n; ++i) outside |= int(is_outside(ids[i]));
  if (!outside) return;
  const int64_t at = std::find_if(ids, ids + n, is_outside) - ids;
  throw RuntimeError(str(what, " ", int64_t(ids[at]), n > 1 ? str(" at position ", at) : "",
                         " is outside [0, ", end, ")"),
                     std::move(help));
}
}  // namespace cambium
