// Trials view: trials of a store as people watch them.
#pragma once
#include "app/tables/train_view.h"
#include "search/trials/trial_runs.h"

namespace cambium {
class TrialsView : public TrialWatch {
 public:
  struct About {
    std::string what;    // "tuning", a cell's name
    std::string metric;  // of Trial::values, shown of each that ends
    int64_t planned = 0;
    std::map<std::string, std::string, std::less<>> metrics = {};  // of arms that have another
  };

  TrialsView(Terminal& terminal, ProgressMode mode, About about)
      : terminal_(terminal), mode_(mode), about_(std::move(about)) {}

  void on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) override;
  void on_trial_end(const Trial& trial) override;

  void finish() { terminal_.end_status(); }

 private:
  Terminal& terminal_;
  ProgressMode mode_;
  About about_;
  Stopwatch since_start_, since_line_;
  int64_t ended_before_ = -1;  // trials of earlier sessions
};
}  // namespace cambium
