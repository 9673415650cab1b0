// Terms: which words stand together. Two lists of groups of words, and how much oftener than by
// chance a group of one stands near a group of the other.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "core/text/json.h"

namespace cambium {
struct TermGroup {
  std::string name;
  std::vector<std::string> words;  // folded, one or more
};

struct TermLists {
  std::vector<TermGroup> terms, about;

  bool empty() const { return terms.empty(); }
};

// "he/him, she/her": a comma begins another group, a slash another word of it; "men: he/him" gives
// it a name. Or the file of a map with `terms` and `about`, lists of words or of groups, or maps of
// names and words: {terms: {men: [he, him]}, about: [doctor, nurse]}. UserErrors that name what is
// wrong.
TermLists read_terms(const std::string& terms, const std::string& about);

inline constexpr int64_t kTermPassage = 50;  // words

// What one document holds: passages with each group, and with each pair of groups.
struct TermCounts {
  int64_t passages = 0;
  std::vector<int32_t> terms, about, both;  // both: [terms, about]
};

class TermCounter {
 public:
  TermCounter(const TermLists& lists, int64_t passage) : lists_(lists), passage_(passage) {}

  // Passages are stretches of so many words, the last one shorter; none overlap.
  TermCounts count(std::span<const std::string_view> words) const;

 private:
  const TermLists& lists_;
  int64_t passage_;
};

// log2 of how much oftener two groups share a passage than if they did not know each other. The
// intervals are 95 %, by linearisation with documents as what was drawn (Woodruff 1971), since
// passages of one document are not independent.
struct TermPair {
  int64_t together = 0, documents = 0;  // passages, and documents with such
  double expected = 0;                  // passages
  double pmi = 0, low = 0, high = 0;    // NaN without passages
  double npmi = 0;                      // pmi / -log2 p(both), -1 to 1
};

// The first group's p(about | group) over another's, as log2 with its interval.
struct TermContrast {
  size_t first = 0, second = 0, about = 0;
  double log_ratio = 0, low = 0, high = 0;
};

struct TermTable {
  TermLists lists;
  int64_t passage = kTermPassage, passages = 0;
  std::vector<int64_t> terms, about;    // passages with each
  std::vector<TermPair> pairs;          // [terms, about]
  std::vector<TermContrast> contrasts;  // of every two terms, where both stand with the group
};

// From all documents, in their order; those with none of the words may be given as passages alone.
TermTable term_table(const TermLists& lists, int64_t passage, std::span<const TermCounts> counts);
}  // namespace cambium
