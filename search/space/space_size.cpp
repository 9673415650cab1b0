// What of a space can be counted: propagation of arithmetic, acceptance, enumeration.
#include <algorithm>
#include <set>

#include "search/space/space.h"

namespace cambium {
namespace {
constexpr int64_t kMostCombined = 100'000;  // values that one condition is tried on
constexpr int kAcceptanceDraws = 200'000;
constexpr double kLeastAcceptance = 1e-4;
}  // namespace

// Takes choices away, and ends of whole ranges, that no values of the others can go with.
void Space::propagate(const Condition& c) {
  std::vector<size_t> asked;
  int64_t combined = 1;
  for (const std::string& name : c.names())
    if (const auto i = dimension_called(name)) {
      const int64_t n = count_of(dimensions_[*i]);
      if (dimensions_[*i].when || n > kMostCombined) return;
      asked.push_back(*i);
      combined *= n;
      if (combined > kMostCombined) return;
    }
  std::vector<std::set<int64_t>> supported(asked.size());
  SpacePoint p{std::vector<Gene>(dimensions_.size())};
  for (int64_t k = 0; k < combined; ++k) {
    int64_t rest = k;
    std::vector<int64_t> at;
    for (const size_t i : asked) {
      at.push_back(rest % count_of(dimensions_[i]));
      rest /= count_of(dimensions_[i]);
      p.genes[i] = gene_at(dimensions_[i], at.back());
    }
    if (!c.holds([&](std::string_view name) { return value(name, p); }, true)) continue;
    for (size_t a = 0; a < asked.size(); ++a) supported[a].insert(at[a]);
  }
  if (supported[0].empty())
    throw UserError(str("no values fulfil '", c.text(), "': the space has no valid point"),
                    "loosen the condition, or widen what it asks for", c.mark());
  for (size_t a = 0; a < asked.size(); ++a) {
    Dimension& d = dimensions_[asked[a]];
    const std::set<int64_t>& keep = supported[a];
    if (d.kind == DimensionKind::kInt) {
      d.first += *keep.begin() * d.step;
      d.count = *keep.rbegin() - *keep.begin() + 1;
    } else if (d.kind == DimensionKind::kChoices) {
      for (int64_t i = count_of(d); i-- > 0;)
        if (!keep.contains(i)) {
          d.choices.erase(d.choices.begin() + i);
          d.labels.erase(d.labels.begin() + i);
        }
    }
  }
}

void Space::check_acceptance() const {
  if (where_.empty() && !accept_) return;
  Random random(0, stream_of("space.acceptance"));
  int64_t accepted = 0, draws = 0;
  while (draws < kAcceptanceDraws && accepted < 100) {
    SpacePoint p;
    settle(p, random);
    accepted += fulfils(p);
    ++draws;
  }
  if (double(accepted) >= kLeastAcceptance * double(draws) && accepted > 0) return;
  const Mark& mark = where_.empty() ? mark_ : where_.front().mark();
  if (accepted == 0)
    throw UserError(str("the space has no valid point: none of ", draws, " draws is one"),
                    "loosen a condition of where:, or widen what it asks for", mark);
  throw UserError(
      str(accepted, " of ", draws, " draws fulfil where:, and a search needs at least 1 in 10000"),
      "write the condition into the values: fewer choices, or one value that is "
      "computed from another",
      mark);
}

// All points that agree with p in the first `place` dimensions of the order. False: stop.
bool Space::visit(size_t place, SpacePoint& p, int64_t& looked, int64_t most,
                  const std::function<bool(const SpacePoint&)>& f) const {
  if (place == order_.size()) {
    if (++looked > most) return false;
    return !fulfils(p) || f(p);
  }
  const size_t i = order_[place];
  if (!active(i, p)) {
    p.genes[i] = {};
    return visit(place + 1, p, looked, most, f);
  }
  const int64_t n = count_of(dimensions_[i]);
  for (int64_t k = 0; k < n; ++k) {
    p.genes[i] = gene_at(dimensions_[i], k);
    if (!visit(place + 1, p, looked, most, f)) return false;
  }
  p.genes[i] = {};
  return true;
}

void Space::for_each(const std::function<bool(const SpacePoint&)>& f) const {
  SpacePoint p{std::vector<Gene>(dimensions_.size())};
  int64_t looked = 0;
  visit(0, p, looked, kUncountable, f);
}

std::optional<int64_t> Space::size(int64_t most) const {
  bool plain = where_.empty() && !accept_;
  int64_t product = 1;
  for (const Dimension& d : dimensions_) {
    const int64_t n = count_of(d);
    if (n == kUncountable) return std::nullopt;
    plain = plain && !d.when;
    if (__builtin_mul_overflow(product, n, &product)) product = kUncountable;
  }
  if (plain) return product <= most ? std::optional(product) : std::nullopt;
  SpacePoint p{std::vector<Gene>(dimensions_.size())};
  int64_t looked = 0, count = 0;
  const bool all =
      visit(0, p, looked, 2 * most, [&](const SpacePoint&) { return ++count <= most; });
  return all ? std::optional(count) : std::nullopt;
}
}  // namespace cambium
