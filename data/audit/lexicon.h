// Lexicon: the words of slices: how much of one slice's text another's words cover, and which words
// tell a slice from the rest.
#pragma once
#include <functional>

#include "data/audit/slicing.h"

namespace cambium {
// The words that are compared: the most frequent ones of all documents, by their places.
class Lexicon {
 public:
  static constexpr size_t kMost = size_t(1) << 16;

  explicit Lexicon(const Records& records, size_t most = kMost);

  size_t size() const { return words_.size(); }

  const std::string& word(size_t i) const { return words_[i]; }

  int64_t count(size_t i) const { return counts_[i]; }  // in all documents

  // -1: not among them
  int32_t find(std::string_view word) const;

 private:
  struct Hash {
    using is_transparent = void;

    size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };

  std::vector<std::string> words_;
  std::vector<int64_t> counts_;
  std::unordered_map<std::string_view, int32_t, Hash, std::equal_to<>> places_;
};

// How often each word comes in each slice of one slicing, and in how many documents.
class SliceWords {
 public:
  SliceWords(size_t slices, size_t words)
      : words_(words), counts_(slices * words), documents_(slices * words), totals_(slices) {}

  // Safe from several threads; `bag` holds places and how often they come, `all` how many words the
  // document has, also those that are not in the lexicon.
  void add(size_t slice, std::span<const std::pair<int32_t, int32_t>> bag, int64_t all);

  int64_t count(size_t slice, size_t word) const { return counts_[slice * words_ + word]; }

  int64_t documents(size_t slice, size_t word) const { return documents_[slice * words_ + word]; }

  int64_t total(size_t slice) const { return totals_[slice]; }

  size_t slices() const { return totals_.size(); }

  size_t words() const { return words_; }

 private:
  size_t words_;
  std::vector<uint32_t> counts_, documents_;
  std::vector<int64_t> totals_;
};

struct CharacteristicWord {
  std::string word;
  int64_t count = 0, documents = 0;  // in the slice
  double log_odds = 0, z = 0;        // against the slices beside it, in nats; by its deviation
};

// Most characteristic words of a slice: log-odds against all other slices with a Dirichlet prior of
// kPriorWords words spread as in all documents, by z (Monroe, Colaresi and Quinn 2008, "Fightin'
// Words", equations 16 and 22). Only words with z >= 1.96 in several documents of it.
inline constexpr double kPriorWords = 1000;
std::vector<CharacteristicWord> characteristic_words(const Lexicon& lexicon, const SliceWords& w,
                                                     size_t slice, size_t most);

struct Overlap {
  size_t top = 0;                  // most frequent words of each slice that are compared
  std::vector<double> jaccard;     // [slices, slices] of their sets
  std::vector<double> covered;     // [of, by]: share of a slice's words that are another's top
  std::vector<double> unseen;      // [of, by]: share of a slice's words that another never uses
  std::vector<double> beyond;      // of a slice's words that the lexicon does not hold
  std::vector<int64_t> different;  // words of the lexicon that the slice uses
};

Overlap overlap_of(const SliceWords& w, size_t top);
}  // namespace cambium
