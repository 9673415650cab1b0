#include "train/text_metrics/support/text_metric.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/rng.h"
#include "core/text/unicode.h"

namespace cambium {
namespace {
void add(std::vector<double>& to, std::span<const double> from) {
  if (to.empty()) to.resize(from.size(), 0.0);
  for (size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

// The quantile of sorted numbers, between neighbours.
double quantile(std::span<const double> sorted, double share) {
  const double at = share * double(sorted.size() - 1);
  const auto low = size_t(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - double(low)) * (sorted[high] - sorted[low]);
}
}  // namespace

std::vector<TextScore> score_texts(const TextMetric& metric, std::span<const TextPair> pairs,
                                   uint64_t seed) {
  ensure(!pairs.empty(), "no texts to score");
  std::vector<std::vector<double>> counts;
  std::vector<double> sums;
  for (const TextPair& p : pairs) {
    ensure(!p.references.empty(), "a text without a reference");
    counts.push_back(metric.counts(p));
    add(sums, counts.back());
  }
  const auto n = int64_t(pairs.size());
  std::vector<TextScore> out;
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  for (TextNumber& number : metric.numbers(sums, n))
    out.push_back({std::move(number), kNone, kNone});
  if (n < 2) return out;
  std::vector<std::vector<double>> drawn(out.size());
  Random random(seed, stream_of(metric.name));
  for (int draw = 0; draw < kTextDraws; ++draw) {
    std::vector<double> some;
    for (int64_t i = 0; i < n; ++i) add(some, counts[random.below(uint32_t(n))]);
    const std::vector<TextNumber> numbers = metric.numbers(some, n);
    for (size_t k = 0; k < numbers.size(); ++k) drawn[k].push_back(numbers[k].value);
  }
  for (size_t k = 0; k < out.size(); ++k) {
    std::ranges::sort(drawn[k]);
    out[k].low = quantile(drawn[k], 0.025);
    out[k].high = quantile(drawn[k], 0.975);
  }
  return out;
}

std::vector<std::string> words_between_spaces(std::string_view text) {
  std::vector<std::string> out;
  bool open = false;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.kind == CharacterKind::kSpace) {
      open = false;
    } else {
      if (!open) out.emplace_back();
      out.back().append(text.substr(at, c.bytes));
      open = true;
    }
    at += c.bytes;
  }
  return out;
}
}  // namespace cambium
