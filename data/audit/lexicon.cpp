#include "data/audit/lexicon.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

namespace cambium {
Lexicon::Lexicon(const Records& records, size_t most) {
  std::vector<std::pair<int64_t, std::string_view>> order;
  order.reserve(records.words.size());
  for (const auto& [word, n] : records.words) order.emplace_back(-n, word);
  const size_t kept = std::min(most, order.size());
  std::ranges::partial_sort(order, order.begin() + long(kept));
  for (size_t i = 0; i < kept; ++i) {
    words_.emplace_back(order[i].second);
    counts_.push_back(-order[i].first);
  }
  for (size_t i = 0; i < kept; ++i) places_.emplace(words_[i], int32_t(i));
}

int32_t Lexicon::find(std::string_view word) const {
  const auto at = places_.find(word);
  return at == places_.end() ? -1 : at->second;
}

void SliceWords::add(size_t slice, std::span<const std::pair<int32_t, int32_t>> bag, int64_t all) {
  const auto raise = [](auto& to, auto by) {
    std::atomic_ref(to).fetch_add(by, std::memory_order_relaxed);
  };
  for (const auto& [word, n] : bag) {
    raise(counts_[slice * words_ + size_t(word)], uint32_t(n));
    raise(documents_[slice * words_ + size_t(word)], 1u);
  }
  raise(totals_[slice], all);
}

std::vector<CharacteristicWord> characteristic_words(const Lexicon& lexicon, const SliceWords& w,
                                                     size_t slice, size_t most) {
  std::vector<int64_t> all(w.words());
  double total = 0, mine = 0;
  for (size_t i = 0; i < w.words(); ++i) {
    for (size_t s = 0; s < w.slices(); ++s) all[i] += w.count(s, i);
    total += double(all[i]);
    mine += double(w.count(slice, i));
  }
  const double rest = total - mine;
  std::vector<CharacteristicWord> out;
  if (rest <= 0 || mine <= 0) return out;
  int64_t documents = 0;
  for (size_t i = 0; i < w.words(); ++i) documents = std::max(documents, w.documents(slice, i));
  const int64_t least = std::min<int64_t>(3, documents);
  for (size_t i = 0; i < w.words(); ++i) {
    const double y = double(w.count(slice, i)), other = double(all[i]) - y;
    if (y == 0 || w.documents(slice, i) < least) continue;
    const double prior = kPriorWords * double(all[i]) / total;
    const double delta = std::log((y + prior) / (mine + kPriorWords - y - prior)) -
                         std::log((other + prior) / (rest + kPriorWords - other - prior));
    const double z = delta / std::sqrt(1 / (y + prior) + 1 / (other + prior));
    if (z >= 1.96) out.push_back({lexicon.word(i), int64_t(y), w.documents(slice, i), delta, z});
  }
  std::ranges::stable_sort(out, std::greater(), &CharacteristicWord::z);
  if (out.size() > most) out.resize(most);
  return out;
}

namespace {
// The most frequent words of a slice, by their places.
std::vector<size_t> top_words(const SliceWords& w, size_t slice, size_t top) {
  std::vector<size_t> order(w.words());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](size_t i) { return w.count(slice, i) == 0; });
  std::ranges::stable_sort(order, std::greater(), [&](size_t i) { return w.count(slice, i); });
  if (order.size() > top) order.resize(top);
  std::ranges::sort(order);
  return order;
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}
}  // namespace

Overlap overlap_of(const SliceWords& w, size_t top) {
  const size_t n = w.slices();
  Overlap out{
      top, std::vector<double>(n * n), std::vector<double>(n * n), std::vector<double>(n * n), {},
      {}};
  std::vector<std::vector<size_t>> tops;
  for (size_t s = 0; s < n; ++s) {
    tops.push_back(top_words(w, s, top));
    int64_t held = 0, different = 0;
    for (size_t i = 0; i < w.words(); ++i) {
      held += w.count(s, i);
      different += w.count(s, i) > 0;
    }
    out.beyond.push_back(share(double(w.total(s) - held), double(w.total(s))));
    out.different.push_back(different);
  }
  for (size_t a = 0; a < n; ++a)
    for (size_t b = 0; b < n; ++b) {
      std::vector<size_t> both;
      std::ranges::set_intersection(tops[a], tops[b], std::back_inserter(both));
      const size_t either = tops[a].size() + tops[b].size() - both.size();
      double covered = 0, unseen = 0;
      for (const size_t i : tops[b]) covered += double(w.count(a, i));
      for (size_t i = 0; i < w.words(); ++i)
        if (w.count(b, i) == 0) unseen += double(w.count(a, i));
      out.jaccard[a * n + b] = share(double(both.size()), double(either));
      out.covered[a * n + b] = share(covered, double(w.total(a)));
      out.unseen[a * n + b] = share(unseen, double(w.total(a)));
    }
  return out;
}
}  // namespace cambium
