// Contamination: whether a text holds one of some texts that models are judged by.
#pragma once
#include <map>
#include <unordered_map>

#include "data/curation/support/step.h"

namespace cambium {
struct ContaminationOptions {
  int64_t ngram = 5;     // words of a run that is looked for
  int64_t whole = 13;    // a text of fewer words must be found whole
  double covered = 0.3;  // share of a longer text's runs that must be found
};

// Case and all but letters and digits do not count.
class ContaminationIndex {
 public:
  explicit ContaminationIndex(const ContaminationOptions& options) : options_(options) {}

  void add(std::string_view text, int64_t set);

  struct Hit {
    int64_t set = -1;    // -1: none
    double covered = 0;  // share of the text that is judged by
    double share = 0;    // of this text that is in it, in words
  };

  // The set whose text is covered most.
  Hit find(std::string_view text) const;

  int64_t texts() const { return count_; }

 private:
  struct Text {
    int64_t set, runs;
  };

  void add_whole(std::span<const std::string_view> words, int64_t set);
  bool find_whole(std::span<const std::string_view> words, Hit& best) const;

  ContaminationOptions options_;
  int64_t count_ = 0;
  std::vector<Text> texts_;                                        // of `whole` words and more
  std::unordered_map<uint64_t, std::vector<uint32_t>> texts_of_;   // by run
  std::map<size_t, std::unordered_map<uint64_t, int64_t>> whole_;  // by words, then hash: the set
};
}  // namespace cambium
