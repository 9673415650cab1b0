// Model search view: a search over models as people watch it, and what it found
// as text.
#pragma once
#include "app/tables/study_view.h"
#include "search/explore/model_search.h"

namespace cambium {
class ModelSearchView : public ModelSearchWatch {
 public:
  ModelSearchView(Terminal& terminal, ProgressMode mode, ModelSpace& models)
      : terminal_(terminal), mode_(mode), models_(models), finals_(terminal, mode) {}

  void on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) override;
  void on_trial_end(const Trial& t) override;
  void on_trial_stop(const Trial& t) override;
  void on_finalists(const FinalistField& field) override;

  StudyProgress& finals() override { return finals_; }

  void finish();

 private:
  std::string left_text(std::span<const Trial> all, std::span<const RunUpdate> running);

  Terminal& terminal_;
  ProgressMode mode_;
  ModelSpace& models_;
  StudyView finals_;
  Stopwatch since_start_, since_line_;
  double cost_at_start_ = -1;  // FLOPs that earlier sessions spent
};

std::string model_search_text(ModelSpace& models, const ModelSearchResult& result);
}  // namespace cambium
