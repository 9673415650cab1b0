// Text metric: how near written answers come to reference texts, such as BLEU of translations. One
// file in train/text_metrics/ defines one: `extern const TextMetric text_metric_bleu`.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cambium {
struct TextPair {  // UTF-8, one line each
  std::string answer;
  std::vector<std::string> references;  // at least one, of which the nearest counts
};

struct TextNumber {
  std::string name;
  double value;  // percent
};

struct TextMetric {
  std::string_view name, doc, paper;
  std::string_view signature;  // what others need to know to compute the same number
  // What a pair adds to the sums, always as many numbers.
  std::vector<double> (*counts)(const TextPair& pair) = nullptr;
  // What the sums of so many pairs say, at least one.
  std::vector<TextNumber> (*numbers)(std::span<const double> sums, int64_t pairs) = nullptr;
};

std::span<const TextMetric* const> builtin_text_metrics();

struct TextScore {
  TextNumber number;
  double low, high;  // the middle 95 % over kTextDraws drawings of the pairs anew
};

inline constexpr int kTextDraws = 1000;

// In the order of the metric's numbers. Intervals follow from the seed; NaN of fewer than two
// pairs.
std::vector<TextScore> score_texts(const TextMetric& metric, std::span<const TextPair> pairs,
                                   uint64_t seed = 0);

std::vector<std::string> words_between_spaces(std::string_view text);
}  // namespace cambium
