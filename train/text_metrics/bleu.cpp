// BLEU: shares of runs of one to four words that a reference has too, with a penalty for answers
// that are too short. Papineni et al. 2002, doi 10.3115/1073083.1073135; tokens and smoothing as
// sacreBLEU's defaults (Post 2018, arXiv 1804.08771): the rules of mteval-v13a, exponential.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/text/unicode.h"
#include "train/text_metrics/support/text_metric.h"

namespace cambium::text_metric_bleu {
namespace {
constexpr size_t kOrders = 4;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Between spaces whatever is ASCII punctuation but . , - and '.
bool stands_alone(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

// A replacement of two characters where `first` and `second` hold, from the left, each character at
// most once: with a space around the one that `of_first` says.
template <class First, class Second>
std::string parted(const std::string& text, const First& first, const Second& second,
                   bool of_first) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (at + 1 == text.size() || !first(text[at]) || !second(text[at + 1])) {
      out += text[at];
      continue;
    }
    // As "\1 \2 " and " \1 \2" do: the mark is set apart, its neighbour is left.
    if (of_first)
      out += {' ', text[at], ' ', text[at + 1]};
    else
      out += {text[at], ' ', text[at + 1], ' '};
    ++at;
  }
  return out;
}

std::vector<std::string> tokens_of(std::string text) {
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  for (const auto& [name, mark] : std::initializer_list<std::pair<const char*, const char*>>{
           {"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}})
    replace_all(text, name, mark);
  std::string spaced = " ";
  for (const char c : text) {
    if (stands_alone(c))
      spaced += {' ', c, ' '};
    else
      spaced += c;
  }
  spaced += ' ';
  const auto mark = [](char c) { return c == '.' || c == ','; };
  const auto other = [](char c) { return !is_digit(c); };
  spaced = parted(spaced, other, mark, false);
  spaced = parted(spaced, mark, other, true);
  spaced = parted(
      spaced, is_digit, [](char c) { return c == '-'; }, false);
  return words_between_spaces(spaced);
}

using Runs = std::map<std::vector<std::string>, int64_t>;

std::array<Runs, kOrders> runs_of(const std::vector<std::string>& words) {
  std::array<Runs, kOrders> out;
  for (size_t n = 1; n <= kOrders; ++n)
    for (size_t at = 0; at + n <= words.size(); ++at)
      ++out[n - 1][{words.begin() + int64_t(at), words.begin() + int64_t(at + n)}];
  return out;
}

// Matches and runs of each order, the words of the answer, and of the reference of nearest length.
std::vector<double> counts(const TextPair& pair) {
  const std::vector<std::string> words = tokens_of(pair.answer);
  const std::array<Runs, kOrders> answer = runs_of(words);
  std::array<Runs, kOrders> most;
  int64_t nearest = -1;
  const auto length = int64_t(words.size());
  for (const std::string& text : pair.references) {
    const std::vector<std::string> reference = tokens_of(text);
    const auto n = int64_t(reference.size());
    const int64_t apart = std::abs(n - length), best = std::abs(nearest - length);
    if (nearest < 0 || apart < best || (apart == best && n < nearest)) nearest = n;
    const std::array<Runs, kOrders> runs = runs_of(reference);
    for (size_t k = 0; k < kOrders; ++k)
      for (const auto& [run, times] : runs[k]) most[k][run] = std::max(most[k][run], times);
  }
  std::vector<double> out(2 * kOrders + 2, 0.0);
  for (size_t k = 0; k < kOrders; ++k)
    for (const auto& [run, times] : answer[k]) {
      const auto known = most[k].find(run);
      if (known != most[k].end()) out[k] += double(std::min(times, known->second));
      out[kOrders + k] += double(times);
    }
  out[2 * kOrders] = double(length);
  out[2 * kOrders + 1] = double(nearest);
  return out;
}

// Orders without a match count as 1/2, 1/4, 1/8 ... of a match; orders without a run end the sum.
std::vector<TextNumber> numbers(std::span<const double> sums, int64_t) {
  const double answered = sums[2 * kOrders], wanted = sums[2 * kOrders + 1];
  double logs = 0, smooth = 1;
  bool any = false;
  for (size_t k = 0; k < kOrders; ++k) {
    any = any || sums[k] > 0;
    if (sums[kOrders + k] == 0) return {{"bleu", 0}};
    if (sums[k] == 0) smooth *= 2;
    const double share =
        sums[k] > 0 ? sums[k] / sums[kOrders + k] : 1 / (smooth * sums[kOrders + k]);
    logs += std::log(share);
  }
  if (!any) return {{"bleu", 0}};
  const double penalty = answered < wanted ? std::exp(1 - wanted / answered) : 1;
  return {{"bleu", 100 * penalty * std::exp(logs / double(kOrders))}};
}
}  // namespace

extern const TextMetric text_metric_bleu = {
    .name = "bleu",
    .doc = "runs of one to four words shared with a reference, over the whole set",
    .paper = "Papineni et al. 2002; Post 2018, arXiv 1804.08771 (tokens)",
    .signature = "case:mixed|eff:no|tok:13a|smooth:exp",
    .counts = counts,
    .numbers = numbers};
}  // namespace cambium::text_metric_bleu
