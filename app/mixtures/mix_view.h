// Studies of mixtures on the terminal: what is planned, how far it is, what came out.
#pragma once
#include "app/tables/train_view.h"
#include "core/text/json_forward.h"
#include "search/mixtures/fit/choose.h"
#include "search/mixtures/study/mix_answer.h"

namespace cambium {
// What the runs are and cost, and how often they may read each source.
std::string mix_text(const MixPlan& plan, int64_t jobs);
Json mix_json(const MixPlan& plan);

std::string mix_answer_text(const MixRecord& record);

// Of a table of runs that others made: how well each form foretells them, and `test` where there
// are some (its losses may be empty).
struct MixTableAnswer {
  FormChoice choice;
  std::vector<double> test_spearman;  // of each form, fitted to all; NaN: not known
  std::vector<std::string> sources;
  std::vector<double> best;
  std::vector<Interval> best_interval;
  double foretold = 0;
};

std::string mix_table_text(const MixTableAnswer& answer);
Json mix_table_json(const MixTableAnswer& answer);

class MixView {
 public:
  MixView(Terminal& terminal, ProgressMode mode) : terminal_(terminal), mode_(mode) {}

  void on_plan(const MixPlan& plan, int64_t jobs);
  void on_progress(const MixProgress& p);
  void finish();

 private:
  Terminal& terminal_;
  ProgressMode mode_;
  Stopwatch since_line_, since_start_;
  std::string what_;
  double first_share_ = -1;
};
}  // namespace cambium
