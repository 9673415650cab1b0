#include "search/replay/progress.h"

#include <algorithm>
#include <cmath>

#include "search/answer/front.h"

namespace cambium {
namespace {
std::vector<double> first_losses(std::span<const std::vector<double>> results) {
  std::vector<double> out;
  for (const std::vector<double>& r : results) out.push_back(r.empty() ? NAN : r[0]);
  return out;
}

std::vector<DrawnBest> drawn_of(std::span<const std::vector<double>> all,
                                std::span<const int64_t> counts,
                                std::span<const double> reference) {
  if (!reference.empty()) return drawn_hypervolumes(all, counts, reference);
  return drawn_least(first_losses(all), counts);
}
}  // namespace

std::vector<int64_t> progress_counts(int64_t trials) {
  constexpr int64_t kHalf = 50;
  std::vector<int64_t> out;
  for (int64_t k = 1; k <= kHalf && trials > 0; ++k) {
    out.push_back(std::max<int64_t>(1, trials * k / kHalf));
    out.push_back(std::llround(std::pow(double(trials), double(k) / kHalf)));
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<ProgressPoint> progress_of(std::span<const std::vector<double>> found,
                                       std::span<const std::vector<double>> all,
                                       std::span<const double> reference) {
  const std::vector<int64_t> counts = progress_counts(int64_t(found.size()));
  std::vector<int64_t> drawn;
  for (const int64_t n : counts)
    if (n <= int64_t(all.size())) drawn.push_back(n);
  const bool any = std::ranges::any_of(all, [](const auto& r) { return !r.empty(); });
  const std::vector<DrawnBest> random =
      any ? drawn_of(all, drawn, reference) : std::vector<DrawnBest>();
  std::vector<ProgressPoint> out;
  double least = NAN;
  std::vector<std::vector<double>> front;
  size_t seen = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    for (; seen < size_t(counts[c]); ++seen) {
      if (found[seen].empty()) continue;
      least = std::fmin(least, found[seen][0]);
      if (!reference.empty()) add_to_front(front, found[seen]);
    }
    const double value = reference.empty() ? least : hypervolume(front, reference);
    out.push_back(
        {counts[c], value, c < random.size() ? std::optional<DrawnBest>(random[c]) : std::nullopt});
  }
  return out;
}
}  // namespace cambium
