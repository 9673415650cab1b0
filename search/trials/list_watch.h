// List watch: how far the trainings of a list are that was known from the start, as ladders and
// studies of mixtures have.
#pragma once
#include <functional>
#include <map>

#include "search/study/study.h"
#include "search/trials/trial_runs.h"

namespace cambium {
// Weighed by what each costs.
struct ListProgress {
  size_t done = 0, failed = 0, runs = 0;
  double share = 0;              // of the FLOPs of all
  std::string now;               // "attention-n30112-d5-s0 loss 2.31", of those trained here
  const Trial* ended = nullptr;  // the trial that has just ended; null: nothing has
};

class ListWatch final : public TrialWatch {
 public:
  using Report = std::function<void(const ListProgress&)>;

  ListWatch(const std::vector<Trial>& list, Report report);

  void on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) override;
  void on_trial_end(const Trial& trial) override;

 private:
  Report report_;
  ListProgress now_;
  std::map<std::string, double> cost_;  // by folder
  double all_flops_ = 0;
};

// Those of the list that have failed may run again: the cause may have been the machine's.
void try_failed_again(const std::vector<Trial>& list, TrialStore& store);

// As many trainings side by side as `asked` (0: the study) wants, as memory holds of `need` bytes
// each, and as there are.
int64_t list_jobs(int64_t asked, const Study& study, int64_t need, size_t runs);
}  // namespace cambium
