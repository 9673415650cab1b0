#include "search/answer/importance.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace cambium {
namespace {
constexpr size_t kFewestTrials = 8;
constexpr size_t kGroups = 4;        // of numbers
constexpr int64_t kMostValues = 12;  // of whole numbers that are groups of their own

struct Feature {
  std::string what;
  std::vector<size_t> groups;  // one a trial
};

// Texts as groups, in the order of the texts.
Feature of_texts(std::string what, const std::vector<std::string>& texts) {
  std::map<std::string, size_t> group;
  for (const std::string& t : texts) group.emplace(t, 0);
  size_t next = 0;
  for (auto& [text, number] : group) number = next++;
  Feature f{std::move(what), {}};
  for (const std::string& t : texts) f.groups.push_back(group[t]);
  return f;
}

Feature of_numbers(const Dimension& d, size_t i, std::span<const SpacePoint> points) {
  std::vector<double> units;
  for (const SpacePoint& p : points)
    if (p.genes[i].active) units.push_back(unit_of(d, p.genes[i]));
  std::ranges::sort(units);
  Feature f{d.name, {}};
  for (const SpacePoint& p : points) {
    size_t group = kGroups;  // it has none
    if (p.genes[i].active) {
      const auto below = std::ranges::lower_bound(units, unit_of(d, p.genes[i])) - units.begin();
      group = size_t(below) * kGroups / units.size();
    }
    f.groups.push_back(group);
  }
  return f;
}

void add_pattern(const Dimension& d, size_t i, std::span<const SpacePoint> points,
                 std::vector<Feature>& out) {
  const auto add = [&](std::string what, const auto& text) {
    std::vector<std::string> texts;
    for (const SpacePoint& p : points)
      texts.push_back(p.genes[i].active ? text(p.genes[i].letters) : std::string());
    out.push_back(of_texts(std::move(what), texts));
  };
  if (d.shortest == d.longest) {
    for (int64_t k = 0; k < d.longest; ++k)
      add(str(d.name, "[", k, "]"),
          [&](const std::string& s) { return std::string(1, s[size_t(k)]); });
    return;
  }
  add(str("length of ", d.name), [](const std::string& s) { return str(s.size()); });
  for (const char letter : d.letters)
    add(str(letter, " in ", d.name),
        [&](const std::string& s) { return str(int64_t(std::ranges::count(s, letter))); });
}

std::vector<Feature> features(const Space& space, std::span<const SpacePoint> points) {
  std::vector<Feature> out;
  for (size_t i = 0; i < space.dimensions().size(); ++i) {
    const Dimension& d = space.dimensions()[i];
    if (d.kind == DimensionKind::kPattern) {
      add_pattern(d, i, points, out);
    } else if (is_ordered(d) && count_of(d) > kMostValues) {
      out.push_back(of_numbers(d, i, points));
    } else {
      std::vector<std::string> texts;
      for (const SpacePoint& p : points)
        texts.push_back(p.genes[i].active ? text_of(d, p.genes[i]) : std::string());
      out.push_back(of_texts(d.name, texts));
    }
  }
  std::erase_if(out, [](const Feature& f) {
    return std::ranges::all_of(f.groups, [&](size_t g) { return g == f.groups[0]; });
  });
  return out;
}

// The spread of resamples around their own mean, laid around the estimate: resampling alone makes
// shares larger, since values that come twice look like groups.
Interval around(double share, std::vector<double> resampled) {
  std::ranges::sort(resampled);
  const double mean = mean_of(resampled);
  const double n = double(resampled.size());
  const double low = resampled[size_t(0.025 * n)], high = resampled[size_t(0.975 * n)];
  return {std::clamp(share + low - mean, 0.0, 1.0), std::clamp(share + high - mean, 0.0, 1.0)};
}
}  // namespace

double omega_squared(std::span<const double> values, std::span<const size_t> groups) {
  std::vector<double> sums(*std::ranges::max_element(groups) + 1), counts(sums.size());
  for (size_t i = 0; i < values.size(); ++i) {
    sums[groups[i]] += values[i];
    counts[groups[i]] += 1;
  }
  const double n = double(values.size()), mean = mean_of(values);
  double between = 0, total = 0, used = 0;
  for (size_t g = 0; g < sums.size(); ++g) {
    if (counts[g] == 0) continue;
    const double off = sums[g] / counts[g] - mean;
    between += counts[g] * off * off;
    used += 1;
  }
  for (const double v : values) total += (v - mean) * (v - mean);
  if (n <= used || total <= 0) return 0;
  const double noise = std::max(0.0, total - between) / (n - used);
  return std::clamp((between - (used - 1) * noise) / (total + noise), 0.0, 1.0);
}

std::vector<Importance> importances(const Space& space, std::span<const SpacePoint> points,
                                    std::span<const double> values, uint64_t seed, int draws) {
  std::vector<Importance> out;
  if (points.size() < kFewestTrials) return out;
  const std::vector<Feature> all = features(space, points);
  std::vector<std::vector<double>> resampled(all.size());
  Random random(seed, stream_of("search.importance"));
  std::vector<double> v(values.size());
  std::vector<size_t> which(values.size()), groups(values.size());
  for (int k = 0; k < draws; ++k) {
    for (size_t i = 0; i < v.size(); ++i) {
      which[i] = random.below(uint32_t(v.size()));
      v[i] = values[which[i]];
    }
    for (size_t f = 0; f < all.size(); ++f) {
      for (size_t i = 0; i < v.size(); ++i) groups[i] = all[f].groups[which[i]];
      resampled[f].push_back(omega_squared(v, groups));
    }
  }
  for (size_t f = 0; f < all.size(); ++f) {
    const double share = omega_squared(values, all[f].groups);
    out.push_back({all[f].what, share, around(share, std::move(resampled[f]))});
  }
  std::ranges::stable_sort(out, std::greater{}, &Importance::share);
  return out;
}
}  // namespace cambium
