// Exact match and F1 of short answers, as SQuAD counts them (Rajpurkar et al. 2016, arXiv
// 1606.05250): in lower case, without ASCII punctuation, articles and repeated spaces.
#include <algorithm>
#include <cctype>
#include <map>

#include "core/text/unicode.h"
#include "train/text_metrics/support/text_metric.h"

namespace cambium::text_metric_exact {
namespace {
std::vector<std::string> words_of(std::string_view text) {
  std::string kept;
  for (const char c : in_lower_case(text))
    if (uint8_t(c) >= 0x80 || !std::ispunct(uint8_t(c))) kept += c;
  std::vector<std::string> words = words_between_spaces(kept);
  std::erase_if(words, [](const std::string& w) { return w == "a" || w == "an" || w == "the"; });
  return words;
}

double f1(const std::vector<std::string>& answer, const std::vector<std::string>& reference) {
  if (answer.empty() || reference.empty()) return answer == reference ? 1 : 0;
  std::map<std::string, int64_t> left;
  for (const std::string& w : reference) ++left[w];
  double shared = 0;
  for (const std::string& w : answer)
    if (left[w] > 0) {
      --left[w];
      ++shared;
    }
  return 2 * shared / double(answer.size() + reference.size());
}

std::vector<double> counts(const TextPair& pair) {
  const std::vector<std::string> answer = words_of(pair.answer);
  double same = 0, best = 0;
  for (const std::string& text : pair.references) {
    const std::vector<std::string> reference = words_of(text);
    same = std::max(same, answer == reference ? 1.0 : 0.0);
    best = std::max(best, f1(answer, reference));
  }
  return {same, best};
}

std::vector<TextNumber> numbers(std::span<const double> sums, int64_t pairs) {
  const double share = 100 / double(pairs);
  return {{"exact_match", sums[0] * share}, {"f1", sums[1] * share}};
}
}  // namespace

extern const TextMetric text_metric_exact = {
    .name = "exact",
    .doc = "answers that are a reference but for case, punctuation and articles, and shared words",
    .paper = "Rajpurkar et al. 2016, arXiv 1606.05250",
    .signature = "squad v1.1",
    .counts = counts,
    .numbers = numbers};
}  // namespace cambium::text_metric_exact
