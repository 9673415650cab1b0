// ROUGE-1, ROUGE-2 and ROUGE-L: words, pairs of words and the longest common subsequence shared
// with a reference, as the harmonic mean of precision and recall, a mean over texts. Lin 2004,
// aclanthology.org/W04-1013. Words are runs of a-z and 0-9 in lower case, without stemming.
#include <algorithm>
#include <map>

#include "train/text_metrics/support/text_metric.h"

namespace cambium::text_metric_rouge {
namespace {
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  bool open = false;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word && !open) out.emplace_back();
    if (word) out.back() += c;
    open = word;
  }
  return out;
}

double harmonic(double shared, double answered, double wanted) {
  return shared == 0 ? 0 : 2 * shared / (answered + wanted);
}

double runs_shared(const std::vector<std::string>& a, const std::vector<std::string>& b, size_t n) {
  std::map<std::vector<std::string>, int64_t> left;
  const auto count = [n](const std::vector<std::string>& words) {
    return words.size() < n ? 0.0 : double(words.size() - n + 1);
  };
  const auto run = [n](const std::vector<std::string>& words, size_t at) {
    return std::vector<std::string>(words.begin() + int64_t(at), words.begin() + int64_t(at + n));
  };
  for (size_t at = 0; at + n <= b.size(); ++at) ++left[run(b, at)];
  double shared = 0;
  for (size_t at = 0; at + n <= a.size(); ++at)
    if (const auto found = left.find(run(a, at)); found != left.end() && found->second > 0) {
      --found->second;
      ++shared;
    }
  return harmonic(shared, count(a), count(b));
}

double longest_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<int64_t> row(b.size() + 1, 0);
  for (const std::string& word : a) {
    int64_t corner = 0;
    for (size_t j = 1; j <= b.size(); ++j) {
      const int64_t above = row[j];
      row[j] = word == b[j - 1] ? corner + 1 : std::max(above, row[j - 1]);
      corner = above;
    }
  }
  return harmonic(double(row.back()), double(a.size()), double(b.size()));
}

std::vector<double> counts(const TextPair& pair) {
  const std::vector<std::string> answer = words_of(pair.answer);
  std::vector<double> best(3, 0.0);
  for (const std::string& text : pair.references) {
    const std::vector<std::string> reference = words_of(text);
    best[0] = std::max(best[0], runs_shared(answer, reference, 1));
    best[1] = std::max(best[1], runs_shared(answer, reference, 2));
    best[2] = std::max(best[2], longest_common(answer, reference));
  }
  return best;
}

std::vector<TextNumber> numbers(std::span<const double> sums, int64_t pairs) {
  const double share = 100 / double(pairs);
  return {{"rouge1", sums[0] * share}, {"rouge2", sums[1] * share}, {"rougeL", sums[2] * share}};
}
}  // namespace

extern const TextMetric text_metric_rouge = {
    .name = "rouge",
    .doc = "words, pairs of words and the longest common subsequence shared with a reference (F1)",
    .paper = "Lin 2004, aclanthology.org/W04-1013",
    .signature = "case:lower|tok:a-z0-9|stem:no|mean of F1",
    .counts = counts,
    .numbers = numbers};
}  // namespace cambium::text_metric_rouge
