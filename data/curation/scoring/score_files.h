// Score files: a number for each draft of a part, and what stands where among them.
#pragma once
#include <span>

#include "core/text/json.h"
#include "data/curation/support/step.h"

namespace cambium {
struct DraftScore {
  float value = 0;
  float above = -std::numeric_limits<float>::infinity();  // what it must exceed to stay: its own
};

// In the order of the drafts. `above` is written where any has one.
void write_scores(const std::string& path, std::span<const DraftScore> scores);
std::vector<DraftScore> read_scores(const std::string& path, int64_t documents);

// The scores of several files, of which one is in memory.
class ScoreList {
 public:
  struct File {
    std::string path;
    int64_t documents;
  };

  explicit ScoreList(std::vector<File> files);

  int64_t count() const { return count_; }

  // Those that stand at these places of all in their order, from 0. Needs count() > 0.
  std::vector<float> at(std::span<const int64_t> ranks) const;

  // The least of which at least this share is no larger, from 0 to 1.
  std::vector<float> quantiles(std::span<const double> shares) const;

  void each(const std::function<void(const DraftScore&)>& f) const;

 private:
  std::vector<File> files_;
  int64_t count_ = 0;
};

// What stays: "0.5..3" by the scores themselves, "5%..95%" by their ranks: of n documents the
// floor(5 % of n) with the least are dropped, and as many with the largest. Equal scores share a
// fate: of those at a limit all stay.
struct ScoreCut {
  bool percent = false;
  double least = 0, most = 0;  // shares from 0 to 1 where percent

  struct Limits {
    float least, most;

    bool holds(float score) const { return least <= score && score <= most; }
  };

  // Needs scores where it is of ranks.
  Limits limits(const ScoreList& scores) const;
};

// OptionError for what is no range, mixes both or goes beyond 100 %.
ScoreCut cut_from(const std::string& option, const std::string& text);
}  // namespace cambium
