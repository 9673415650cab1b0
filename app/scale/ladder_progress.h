// Ladder progress: the runs of a ladder as people watch them.
#pragma once
#include "app/tables/train_view.h"
#include "search/ladder/ladder_runs.h"

namespace cambium {
class LadderView {
 public:
  LadderView(Terminal& terminal, ProgressMode mode) : terminal_(terminal), mode_(mode) {}

  void on_plan(const LadderPlan& plan, int64_t jobs);
  void on_progress(const ListProgress& p);
  void finish();

 private:
  Terminal& terminal_;
  ProgressMode mode_;
  std::string name_;
  Stopwatch since_line_, since_start_;
  double first_share_ = -1;  // what earlier sessions had done
};
}  // namespace cambium
