#include "search/methods/support/distances.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {
// A missing number lies beside the middle of the interval, 1 from both of its ends.
constexpr double kMissing = 0.75;

double of_numbers(double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return 0;
  if (std::isnan(a)) a = std::exchange(b, a);
  const double apart = a - (std::isnan(b) ? 0.5 : b);
  return apart * apart + (std::isnan(b) ? kMissing : 0);
}

// The sum of squared differences of how often each number stands in two sorted lists.
double of_counts(const std::vector<int>& a, const std::vector<int>& b) {
  double sum = 0;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    const int next = j == b.size() || (i < a.size() && a[i] < b[j]) ? a[i] : b[j];
    double more = 0;
    for (; i < a.size() && a[i] == next; ++i) more += 1;
    for (; j < b.size() && b[j] == next; ++j) more -= 1;
    sum += more * more;
  }
  return sum;
}

double places_apart(const std::string& a, const std::string& b) {
  const size_t both = std::min(a.size(), b.size());
  double apart = double(std::max(a.size(), b.size()) - both);
  for (size_t i = 0; i < both; ++i) apart += a[i] != b[i];
  return apart;
}
}  // namespace

Distances::Distances(const Space& space) : space_(space) {
  const std::vector<Dimension>& dimensions = space_.dimensions();
  for (size_t i = 0; i < dimensions.size(); ++i) {
    const DimensionKind kind = dimensions[i].kind;
    (kind == DimensionKind::kPattern   ? patterns_
     : kind == DimensionKind::kChoices ? choices_
                                       : ordered_)
        .push_back(i);
  }
  for (const auto& some : {ordered_, choices_})
    for (const size_t i : some) groups_.push_back(dimensions[i].name);
  for (const size_t i : patterns_)
    for (const char* what : {"letters of ", "neighbours in ", "places of "})
      groups_.push_back(what + dimensions[i].name);
}

Distances::Place Distances::place_of(const SpacePoint& p) const {
  Place out;
  for (const size_t i : ordered_)
    out.units.push_back(p.genes[i].active ? unit_of(space_.dimensions()[i], p.genes[i]) : NAN);
  for (const size_t i : choices_) out.choices.push_back(p.genes[i].active ? p.genes[i].index : -1);
  for (const size_t i : patterns_) {
    const std::string& known = space_.dimensions()[i].letters;
    Place::Pattern pattern{p.genes[i].active, {}, std::vector<int>(known.size()), {}};
    if (pattern.active) pattern.letters = p.genes[i].letters;
    size_t before = known.size();
    for (const char c : pattern.letters) {
      const size_t letter = known.find(c);
      ++pattern.counts[letter];
      if (before < known.size()) pattern.neighbours.push_back(int(before * known.size() + letter));
      before = letter;
    }
    std::ranges::sort(pattern.neighbours);
    out.patterns.push_back(std::move(pattern));
  }
  return out;
}

void Distances::squared(const Place& a, const Place& b, std::span<double> out) const {
  size_t g = 0;
  for (size_t i = 0; i < a.units.size(); ++i) out[g++] = of_numbers(a.units[i], b.units[i]);
  for (size_t i = 0; i < a.choices.size(); ++i) out[g++] = a.choices[i] != b.choices[i];
  for (size_t i = 0; i < a.patterns.size(); ++i) {
    const Place::Pattern &p = a.patterns[i], &q = b.patterns[i];
    const double longest = double(space_.dimensions()[patterns_[i]].longest);
    const double missing = p.active != q.active;
    double letters = 0;
    for (size_t k = 0; k < p.counts.size(); ++k) {
      const double more = p.counts[k] - q.counts[k];
      letters += more * more;
    }
    out[g++] = missing + letters / (2 * longest);
    out[g++] = missing + of_counts(p.neighbours, q.neighbours) / (2 * longest);
    out[g++] = missing + places_apart(p.letters, q.letters) / longest;
  }
}
}  // namespace cambium
