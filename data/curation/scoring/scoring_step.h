// ScoringStep: what steps share that learn from some texts, give every document a number and drop
// what lies outside of limits, which may be percentiles of all numbers.
#pragma once
#include "data/curation/scoring/score_files.h"
#include "data/curation/scoring/taught_texts.h"

namespace cambium {
struct ScoringOptions {
  std::string keep, of = "source";
  std::vector<std::string> only;
};

// What was learned. Several threads may ask.
class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual DraftScore score(const Draft& draft) const = 0;

  virtual Json facts() const = 0;  // what is to be told of it in the end
};

class ScoringStep : public CurationStep {
 public:
  // OptionErrors for `keep` and `only`; without `only` all sources are judged.
  ScoringStep(const ScoringOptions& options, const StepPlace& place);

  bool looks() const final { return true; }

  void look(const StagedDrafts& drafts, const std::string& folder, const Workers& workers) final;

  std::unique_ptr<Judge> judge(int64_t part) const final;

  Json findings() const final { return findings_; }

 protected:
  // The drafts and, as sources behind theirs, other texts that are scored and not judged.
  virtual StagedDrafts texts(const StagedDrafts& drafts, const std::string& folder,
                             const Workers& workers) = 0;

  // From what texts() said, with files in `folder`, where it goes on. The same texts, the same
  // numbers, for any number of workers.
  virtual std::unique_ptr<Scorer> learn(const StagedDrafts& texts, const std::string& folder,
                                        const Workers& workers) = 0;

  // Adds to what is told: of one source, whose mean weighs documents by bytes, and of all.
  virtual void tell_of(Json& /*source*/) const {}

  virtual void tell(const std::function<ScoreList(int64_t source)>&, Json&) const {}

 private:
  void score_all(const std::string& folder, const Workers& workers);
  void find_limits();
  Json told_of(int64_t source) const;
  ScoreList list(const std::function<bool(int64_t source)>& wanted) const;

  std::string path(int64_t part) const { return str(folder_, "/scores-", part); }

  ScoreCut cut_;
  std::string keep_;
  bool by_source_;
  std::vector<bool> judged_;  // by source of the recipe

  std::string folder_;
  StagedDrafts texts_;
  std::vector<ScoreCut::Limits> limits_;  // by source of the recipe
  Json findings_;
};
}  // namespace cambium
