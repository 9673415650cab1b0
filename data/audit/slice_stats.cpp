#include "data/audit/slice_stats.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace cambium {
namespace {
constexpr double kNormal95 = 1.959963984540054;
constexpr size_t kCharacteristic = 15;

// Sums of documents, each as many as it stands for: 1 / the share of its source that was drawn.
class SliceSums {
 public:
  void add(const DocumentRecord& r, double weight, uint8_t flags) {
    ++slice_.looked_at;
    slice_.documents += weight;
    slice_.bytes += weight * double(r.bytes);
    slice_.words += weight * double(r.words);
    words_.push_back(r.words);
    const size_t bin = size_t(std::bit_width(uint64_t(std::max<int64_t>(1, r.words)))) - 1;
    slice_.lengths.resize(AuditSlice::kBins);
    slice_.lengths[std::min(bin, AuditSlice::kBins - 1)] += weight;
    for (const auto& [flag, to] :
         {std::pair(kRepeat, &slice_.repeated), std::pair(kEqualWithin, &slice_.equal_within),
          std::pair(kEqualAcross, &slice_.equal_across),
          std::pair(kAlikeWithin, &slice_.alike_within),
          std::pair(kAlikeAcross, &slice_.alike_across)})
      if (flags & flag) *to += weight;
    for (size_t i = 0; i < kRuleSets; ++i) {
      if (r.broken[i] == 0) continue;
      slice_.rules[i].share += weight;
      slice_.rules[i].bytes += weight * double(r.bytes);
      auto& of = broken_[i];
      of.resize(std::max(of.size(), size_t(r.broken[i])));
      of[r.broken[i] - 1] += weight;
    }
    if (r.bits >= 0 && r.bytes > 0) scored_.push_back({weight, r.bits, double(r.bytes)});
  }

  AuditSlice finish(std::string value, double documents, double bytes,
                    const std::array<std::vector<std::string>, kRuleSets>& rules) {
    AuditSlice& s = slice_;
    s.value = std::move(value);
    s.lengths.resize(AuditSlice::kBins);
    if (s.documents > 0)
      for (double* share :
           {&s.repeated, &s.equal_within, &s.equal_across, &s.alike_within, &s.alike_across})
        *share /= s.documents;
    for (size_t i = 0; i < kRuleSets; ++i) finish_rules(s.rules[i], broken_[i], rules[i]);
    s.document_share = documents > 0 ? s.documents / documents : 0;
    s.byte_share = bytes > 0 ? s.bytes / bytes : 0;
    set_quartiles();
    set_bits();
    return std::move(s);
  }

 private:
  struct Scored {
    double weight, bits, bytes;
  };

  void finish_rules(RuleRate& rate, const std::vector<double>& of,
                    const std::vector<std::string>& names) const {
    if (slice_.documents == 0) return;
    rate.share /= slice_.documents;
    rate.bytes = slice_.bytes > 0 ? rate.bytes / slice_.bytes : 0;
    for (size_t k = 0; k < of.size(); ++k)
      if (of[k] > 0) rate.rules.emplace_back(names[k], of[k] / slice_.documents);
    std::ranges::sort(rate.rules, [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
  }

  // The least number of words that a quarter (half, three quarters) of the documents do not exceed.
  void set_quartiles() {
    std::ranges::sort(words_);
    for (size_t q = 0; q < 3 && !words_.empty(); ++q)
      slice_.quartiles[q] = double(words_[((q + 1) * words_.size() + 3) / 4 - 1]);
  }

  // A ratio of sums over documents, its deviation by linearisation.
  void set_bits() {
    slice_.scored = int64_t(scored_.size());
    slice_.bits = slice_.bits_low = slice_.bits_high = std::numeric_limits<double>::quiet_NaN();
    double bits = 0, bytes = 0, squares = 0;
    for (const Scored& s : scored_) {
      bits += s.weight * s.bits;
      bytes += s.weight * s.bytes;
    }
    if (bytes == 0) return;
    slice_.bits = bits / bytes;
    if (scored_.size() < 2) return;
    for (const Scored& s : scored_) {
      const double d = s.weight * (s.bits - slice_.bits * s.bytes) / bytes;
      squares += d * d;
    }
    const auto n = double(scored_.size());
    const double half = kNormal95 * std::sqrt(squares * n / (n - 1));
    slice_.bits_low = slice_.bits - half;
    slice_.bits_high = slice_.bits + half;
  }

  AuditSlice slice_;
  std::vector<int64_t> words_;
  std::vector<Scored> scored_;
  std::array<std::vector<double>, kRuleSets> broken_;
};
}  // namespace

AuditKey key_of_slicing(const AuditIntake& intake, const Records& records,
                        const AuditSlicing& slicing, const Twins& twins, const Lexicon& lexicon,
                        const SliceWords& words, size_t top) {
  AuditKey out{.key = slicing.key, .ordered = slicing.ordered};
  const std::vector<uint8_t> flags = twin_flags(twins, slicing);
  const AuditSlicing whole{.values = {"all"}, .of = std::vector<uint16_t>(slicing.of.size())};
  const std::vector<uint8_t> flags_of_all = twin_flags(twins, whole);
  std::vector<SliceSums> sums(slicing.values.size());
  SliceSums all;
  double documents = 0, bytes = 0;
  for (size_t i = 0; i < records.documents.size(); ++i) {
    const DocumentRecord& r = records.documents[i];
    const double weight = 1 / intake.tasks[r.task].share;
    sums[slicing.of[i]].add(r, weight, flags[i]);
    all.add(r, weight, flags_of_all[i]);
    documents += weight;
    bytes += weight * double(r.bytes);
  }
  for (size_t s = 0; s < sums.size(); ++s) {
    out.slices.push_back(sums[s].finish(slicing.values[s], documents, bytes, records.rules));
    AuditSlice& slice = out.slices.back();
    slice.characteristic = characteristic_words(lexicon, words, s, kCharacteristic);
    if (slice.byte_share > 0) out.entropy -= slice.byte_share * std::log2(slice.byte_share);
  }
  out.all = all.finish("all", documents, bytes, records.rules);
  out.effective = std::exp2(out.entropy);
  out.overlap = overlap_of(words, top);
  return out;
}
}  // namespace cambium
