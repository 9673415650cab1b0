#include "search/trials/list_watch.h"

#include <algorithm>
#include <set>
#include <thread>

#include "core/system/memory.h"
#include "core/text/fmt.h"

namespace cambium {
ListWatch::ListWatch(const std::vector<Trial>& list, Report report) : report_(std::move(report)) {
  now_.runs = list.size();
  for (const Trial& t : list) all_flops_ += cost_[t.folder] = t.cost;
}

void ListWatch::on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) {
  double flops = 0;
  now_.done = now_.failed = 0;
  now_.now.clear();
  for (const Trial& t : all) {
    const auto cost = cost_.find(t.folder);
    if (cost == cost_.end()) continue;
    if (has_ended(t.state)) flops += cost->second;
    now_.done += t.state == TrialState::kDone;
    now_.failed += t.state == TrialState::kFailed;
    const auto here = std::ranges::find(running, t.number, &RunUpdate::id);
    if (here == running.end() || here->status.steps < 1) continue;
    flops += cost->second * double(here->status.step) / double(here->status.steps);
    now_.now = str(t.folder.substr(t.folder.rfind('/') + 1),
                   fmt::format(" loss {:.3f}", here->status.loss));
  }
  now_.share = flops / all_flops_;
  now_.ended = nullptr;
  if (report_) report_(now_);
}

void ListWatch::on_trial_end(const Trial& trial) {
  ListProgress ended = now_;
  ended.ended = &trial;
  if (report_) report_(ended);
}

void try_failed_again(const std::vector<Trial>& list, TrialStore& store) {
  std::set<std::string_view> planned;
  for (const Trial& t : list) planned.insert(t.folder);
  for (const Trial& t : store.trials())
    if (t.state == TrialState::kFailed && planned.contains(t.folder)) store.retry(t.number);
}

int64_t list_jobs(int64_t asked, const Study& study, int64_t need, size_t runs) {
  const auto cores = int64_t(std::thread::hardware_concurrency());
  const int64_t wanted = asked > 0        ? asked
                         : study.jobs > 0 ? study.jobs
                                          : cores / std::max<int64_t>(1, study.threads);
  const int64_t available = available_memory_bytes();
  const int64_t fit =
      available < 0 ? wanted : std::max<int64_t>(1, available / std::max<int64_t>(1, need));
  return std::max<int64_t>(1, std::min({wanted, fit, int64_t(runs)}));
}
}  // namespace cambium
