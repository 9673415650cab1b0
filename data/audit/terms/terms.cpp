#include "data/audit/terms/terms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/audit/folding.h"

namespace cambium {
namespace {
constexpr double kTwoSided95 = 1.959963984540054;
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

double half_width(double variance) {
  return kTwoSided95 * std::sqrt(variance) / std::log(2.0);
}
}  // namespace

TermCounts TermCounter::count(std::span<const std::string_view> words) const {
  const size_t T = lists_.terms.size(), A = lists_.about.size();
  TermCounts out{0, std::vector<int32_t>(T), std::vector<int32_t>(A), std::vector<int32_t>(T * A)};
  std::vector<char> has_term(T), has_about(A);
  const auto mark = [](const std::vector<TermGroup>& groups, std::string_view word,
                       std::vector<char>& has) {
    for (size_t g = 0; g < groups.size(); ++g)
      if (std::ranges::count(groups[g].words, word) > 0) has[g] = 1;
  };
  for (size_t first = 0; first < words.size(); first += size_t(passage_)) {
    std::ranges::fill(has_term, 0);
    std::ranges::fill(has_about, 0);
    for (const std::string_view w :
         words.subspan(first, std::min(size_t(passage_), words.size() - first))) {
      mark(lists_.terms, w, has_term);
      mark(lists_.about, w, has_about);
    }
    ++out.passages;
    for (size_t t = 0; t < T; ++t) {
      out.terms[t] += has_term[t];
      for (size_t a = 0; a < A; ++a) out.both[t * A + a] += has_term[t] && has_about[a];
    }
    for (size_t a = 0; a < A; ++a) out.about[a] += has_about[a];
  }
  return out;
}

namespace {
class TermSums {
 public:
  TermSums(const TermLists& lists, std::span<const TermCounts> counts)
      : counts_(counts), A_(lists.about.size()) {
    const size_t T = lists.terms.size();
    terms.resize(T);
    about.resize(A_);
    both.resize(T * A_);
    for (const TermCounts& c : counts) {
      passages += c.passages;
      for (size_t t = 0; t < c.terms.size(); ++t) terms[t] += c.terms[t];
      for (size_t a = 0; a < c.about.size(); ++a) about[a] += c.about[a];
      for (size_t i = 0; i < c.both.size(); ++i) both[i] += c.both[i];
    }
  }

  TermPair pair(size_t t, size_t a) const {
    TermPair p{.together = both[t * A_ + a]};
    for (const TermCounts& c : counts_) p.documents += !c.both.empty() && c.both[t * A_ + a] > 0;
    const double n = double(passages), x = double(terms[t]), y = double(about[a]);
    p.expected = n > 0 ? x * y / n : 0;
    p.pmi = p.low = p.high = p.npmi = kNothing;
    if (p.together == 0) return p;
    const double z = double(p.together);
    p.pmi = std::log2(z * n / (x * y));
    p.npmi = z == n ? 1 : p.pmi / -std::log2(z / n);
    double variance = 0;
    for (const TermCounts& c : counts_) {
      double d = double(c.passages) / n;
      if (!c.both.empty()) d += c.both[t * A_ + a] / z - c.terms[t] / x - c.about[a] / y;
      variance += d * d;
    }
    p.low = p.pmi - half_width(variance);
    p.high = p.pmi + half_width(variance);
    return p;
  }

  TermContrast contrast(size_t t, size_t u, size_t a) const {
    const double z = double(both[t * A_ + a]), x = double(terms[t]);
    const double w = double(both[u * A_ + a]), y = double(terms[u]);
    TermContrast out{t, u, a, std::log2(z / x) - std::log2(w / y), 0, 0};
    double variance = 0;
    for (const TermCounts& c : counts_) {
      if (c.both.empty()) continue;
      const double d =
          c.both[t * A_ + a] / z - c.terms[t] / x - c.both[u * A_ + a] / w + c.terms[u] / y;
      variance += d * d;
    }
    out.low = out.log_ratio - half_width(variance);
    out.high = out.log_ratio + half_width(variance);
    return out;
  }

  int64_t passages = 0;
  std::vector<int64_t> terms, about, both;

 private:
  std::span<const TermCounts> counts_;
  size_t A_;
};
}  // namespace

TermTable term_table(const TermLists& lists, int64_t passage, std::span<const TermCounts> counts) {
  const TermSums sums(lists, counts);
  TermTable out{.lists = lists,
                .passage = passage,
                .passages = sums.passages,
                .terms = sums.terms,
                .about = sums.about};
  const size_t T = lists.terms.size(), A = lists.about.size();
  for (size_t t = 0; t < T; ++t)
    for (size_t a = 0; a < A; ++a) out.pairs.push_back(sums.pair(t, a));
  for (size_t a = 0; a < A; ++a)
    for (size_t t = 0; t < T; ++t)
      for (size_t u = t + 1; u < T; ++u)
        if (sums.both[t * A + a] > 0 && sums.both[u * A + a] > 0)
          out.contrasts.push_back(sums.contrast(t, u, a));
  return out;
}
}  // namespace cambium
