#include "search/answer/front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "core/error.h"

namespace cambium {
namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool dominates_in_values(const std::vector<double>& a, const std::vector<double>& b) {
  bool better = false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

// `order`: by values. Of two objectives, a front's last member has its least second value, so it
// dominates what any member does, and fronts can be searched by halving (Jensen 2003).
void number_pairs(std::span<const Losses> results, std::span<const size_t> order,
                  std::vector<int64_t>& numbers) {
  std::vector<size_t> last;
  for (const size_t i : order) {
    const auto front = std::ranges::partition_point(
        last, [&](size_t l) { return dominates_in_values(results[l].values, results[i].values); });
    numbers[i] = front - last.begin();
    if (front == last.end())
      last.push_back(i);
    else
      *front = i;
  }
}

void number_many(std::span<const Losses> results, std::span<const size_t> order,
                 std::vector<int64_t>& numbers) {
  std::vector<std::vector<size_t>> fronts;
  for (const size_t i : order) {  // whoever dominates i stands before it
    size_t f = 0;
    while (f < fronts.size() && std::ranges::any_of(fronts[f], [&](size_t j) {
             return dominates_in_values(results[j].values, results[i].values);
           }))
      ++f;
    if (f == fronts.size()) fronts.emplace_back();
    fronts[f].push_back(i);
    numbers[i] = int64_t(f);
  }
}

// Of two objectives, all below the reference.
double area(std::vector<std::vector<double>> points, double x_end, double y_end) {
  std::ranges::sort(points);
  double sum = 0, y = y_end;
  for (const std::vector<double>& p : points) {
    if (p[1] >= y) continue;
    sum += (x_end - p[0]) * (y - p[1]);
    y = p[1];
  }
  return sum;
}
}  // namespace

bool dominates(const Losses& a, const Losses& b) {
  if (a.violation != b.violation) return a.violation < b.violation;
  return a.violation < kInfinity && dominates_in_values(a.values, b.values);
}

std::vector<int64_t> front_numbers(std::span<const Losses> results) {
  std::map<double, std::vector<size_t>> by_violation;
  for (size_t i = 0; i < results.size(); ++i) by_violation[results[i].violation].push_back(i);
  std::vector<int64_t> numbers(results.size());
  int64_t before = 0;
  for (auto& [violation, members] : by_violation) {
    std::ranges::stable_sort(
        members, [&](size_t a, size_t b) { return results[a].values < results[b].values; });
    if (violation == kInfinity)
      for (const size_t i : members) numbers[i] = 0;
    else if (results[members[0]].values.size() == 2)
      number_pairs(results, members, numbers);
    else
      number_many(results, members, numbers);
    int64_t most = 0;
    for (const size_t i : members) most = std::max(most, numbers[i] += before);
    before = most + 1;
  }
  return numbers;
}

std::vector<size_t> front_of(std::span<const Losses> results) {
  const std::vector<int64_t> numbers = front_numbers(results);
  std::vector<size_t> out;
  for (size_t i = 0; i < results.size(); ++i)
    if (numbers[i] == 0 && results[i].violation == 0) out.push_back(i);
  std::ranges::stable_sort(
      out, [&](size_t a, size_t b) { return results[a].values < results[b].values; });
  return out;
}

void add_to_front(std::vector<std::vector<double>>& front, const std::vector<double>& result) {
  const auto covers = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::ranges::equal(a, b, std::less_equal{});
  };
  if (std::ranges::any_of(front, [&](const auto& f) { return covers(f, result); })) return;
  std::erase_if(front, [&](const auto& f) { return covers(result, f); });
  front.push_back(result);
}

std::vector<double> room_around(std::span<const Losses> front) {
  std::vector<double> room(front.size());
  std::vector<size_t> order(front.size());
  for (size_t m = 0; !front.empty() && m < front[0].values.size(); ++m) {
    std::iota(order.begin(), order.end(), size_t(0));
    std::ranges::stable_sort(order, {}, [&](size_t i) { return front[i].values[m]; });
    const auto value = [&](size_t place) { return front[order[place]].values[m]; };
    const size_t last = order.size() - 1;
    const double range = value(last) - value(0);
    room[order[0]] = room[order[last]] = kInfinity;
    for (size_t k = 1; k < last && range > 0; ++k)
      room[order[k]] += (value(k + 1) - value(k - 1)) / range;
  }
  return room;
}

double hypervolume(std::span<const std::vector<double>> results,
                   std::span<const double> reference) {
  ensure(reference.size() == 2 || reference.size() == 3, "hypervolume of ", reference.size(),
         " objectives");
  std::vector<std::vector<double>> inside;
  for (const std::vector<double>& r : results)
    if (std::ranges::equal(r, reference, std::less{})) inside.push_back(r);
  if (reference.size() == 2) return area(std::move(inside), reference[0], reference[1]);
  // Slices between neighbouring third values hold what lies below them.
  std::ranges::sort(inside, {}, [](const std::vector<double>& r) { return r[2]; });
  double sum = 0;
  for (size_t i = 0; i < inside.size(); ++i) {
    const double next = i + 1 < inside.size() ? inside[i + 1][2] : reference[2];
    if (next > inside[i][2])
      sum += (next - inside[i][2]) *
             area({inside.begin(), inside.begin() + int64_t(i) + 1}, reference[0], reference[1]);
  }
  return sum;
}
}  // namespace cambium
