// Several processes share a store of trials while some of them are killed: trial_store [--trials N]
// [--processes N] [--kills N] [--seed S] [--folder DIR]. Says whether a trial was lost or done
// twice, whether the list is, byte for byte, that of one undisturbed process, and what a claim and
// a proposal cost.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "tests/search/store/workers.h"

namespace {
using namespace cambium;
using namespace store_workers;

struct Options {
  std::string folder = "trial_store";
  int64_t trials = 2500;
  int processes = 4, kills = 20;
  uint64_t seed = 1;
};

struct Log {
  std::map<int64_t, int> ends;
  std::map<int64_t, double> claim_ms, proposal_ms;  // of the last of each trial

  explicit Log(const std::string& folder) {
    std::istringstream lines(read_file(log_of(folder)));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string word;
      int64_t number = 0, attempt = 0, microseconds = 0;
      words >> word >> number;
      if (word == "end") ++ends[number];
      if (word == "claim" && words >> attempt >> microseconds)
        claim_ms[number] = double(microseconds) / 1e3;
      if (word == "proposal" && words >> microseconds)
        proposal_ms[number] = double(microseconds) / 1e3;
    }
  }
};

// Of the 200 trials before `number`.
double median_before(const std::map<int64_t, double>& ms, int64_t number) {
  std::vector<double> all;
  for (const auto& [n, value] : ms)
    if (n >= number - 200 && n < number) all.push_back(value);
  std::ranges::sort(all);
  return all.empty() ? 0 : all[all.size() / 2];
}

void print_times(const char* name, const Log& log, int64_t trials) {
  for (const int64_t at : {int64_t(1000), int64_t(2500)})
    if (at <= trials)
      std::printf("%-12s at %4lld trials: claim %.2f ms, proposal %.2f ms (medians)\n", name,
                  static_cast<long long>(at), median_before(log.claim_ms, at),
                  median_before(log.proposal_ms, at));
}
}  // namespace

int main(int count, char** words) {
  Options o;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = words[i];
    if (name == "--trials") o.trials = std::atoll(words[i + 1]);
    if (name == "--processes") o.processes = std::atoi(words[i + 1]);
    if (name == "--kills") o.kills = std::atoi(words[i + 1]);
    if (name == "--seed") o.seed = uint64_t(std::atoll(words[i + 1]));
    if (name == "--folder") o.folder = words[i + 1];
  }
  std::filesystem::remove_all(o.folder);
  std::filesystem::create_directories(o.folder);
  const Work alone{o.folder + "/one", o.trials}, together{o.folder + "/several", o.trials};
  Stopwatch clock;
  int failed = work_together(alone, 1).failed;
  const double alone_seconds = clock.seconds();
  clock.restart();
  const Killed killed =
      work_together(together, o.processes, o.kills,
                    int(std::max(2.0, 1200 * alone_seconds / std::max(o.kills, 1))), o.seed);
  failed += killed.failed;
  const double seconds = clock.seconds();

  const Log one(alone.folder), several(together.folder);
  print_times("1 process", one, o.trials);
  print_times(str(o.processes, " processes").c_str(), several, o.trials);
  TrialStore store = TrialStore::view(together.folder);
  int64_t lost = o.trials - int64_t(store.trials().size()), twice = 0;
  for (const Trial& t : store.trials()) lost += !has_ended(t.state);
  for (const auto& [number, times] : several.ends) twice += times > 1;
  const bool equal = store.dump() == TrialStore::view(alone.folder).dump();
  std::printf(
      "%lld trials, %d processes, %d kills, %d workers failed: %lld lost, %lld twice, %s list "
      "(%.1f s alone, %.1f s together)\n",
      static_cast<long long>(o.trials), o.processes, killed.kills, failed,
      static_cast<long long>(lost), static_cast<long long>(twice), equal ? "equal" : "ANOTHER",
      alone_seconds, seconds);
  return failed == 0 && lost == 0 && twice == 0 && equal && killed.kills >= o.kills - 2 ? 0 : 1;
}
