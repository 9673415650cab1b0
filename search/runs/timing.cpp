#include "search/runs/timing.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <thread>
#include <utility>

#include "core/system/clock.h"
#include "core/system/files.h"
#include "core/system/memory.h"
#include "core/system/process.h"
#include "core/text/json.h"
#include "train/record/run_record.h"
#include "train/run/run_log.h"
#include "train/run/session.h"

namespace cambium {
namespace {
constexpr int kRounds = 3;
constexpr double kSecondsARound = 1;
constexpr size_t kFewestBlocks = 3;

// Of each variant its rounds: the middle one, and the fastest and slowest quartile of them.
StepTime joined(const std::vector<StepTime>& rounds) {
  std::vector<double> medians, low, high;
  for (const StepTime& t : rounds) {
    medians.push_back(t.median);
    low.push_back(t.low);
    high.push_back(t.high);
  }
  return {median_of(medians), *std::ranges::min_element(low), *std::ranges::max_element(high)};
}

struct Measurement {
  size_t variant = 0;
  Process child;
  std::string output;
};

class SideBySide {
 public:
  SideBySide(const StudyPlan& plan, const std::string& program, const std::string& folder,
             int64_t jobs)
      : program_(program), folder_(folder), jobs_(size_t(jobs)), rounds_(plan.variants.size()) {
    make_folders(folder);
    for (const PlannedVariant& v : plan.variants) {
      specs_.push_back(str(folder, "/", specs_.size(), ".yaml"));
      names_.push_back(v.name);
      replace_file(specs_.back(), to_yaml(v.spec.root));
    }
  }

  std::vector<StepTime> run() {
    while (!done()) {
      while (active_.size() < jobs_) start(next_++ % specs_.size());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      for (Measurement& m : active_)
        if (m.child.ended()) end(m);
      std::erase_if(active_, [](Measurement& m) { return m.child.ended(); });
    }
    active_.clear();  // kills who is still measuring
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    std::vector<StepTime> times;
    for (const auto& rounds : rounds_) times.push_back(joined(rounds));
    return times;
  }

 private:
  bool done() const {
    return std::ranges::all_of(rounds_, [](const auto& r) { return r.size() >= kRounds; });
  }

  void start(size_t variant) {
    std::string output = str(folder_, "/", next_, ".json");
    Process child = start_process(
        program_,
        {"profile", specs_[variant], "--time", str(kSecondsARound), "--threads", "1", "--json"},
        output);
    active_.push_back({variant, std::move(child), std::move(output)});
  }

  void end(const Measurement& m) {
    const std::string said = read_file(m.output);
    if (m.child.exit_code() != 0)
      throw RuntimeError(str("the steps of '", names_[m.variant],
                             "' could not be timed: ", said.substr(0, said.find('\n'))));
    const size_t begin = said.find('{');  // notes may stand before it
    const Json j = parse_json(said.substr(std::min(begin, said.size())), m.output);
    rounds_[m.variant].push_back({j.at("step_ms"), j.at("low_ms"), j.at("high_ms")});
  }

  const std::string program_, folder_;
  const size_t jobs_;
  std::vector<std::string> specs_, names_;
  std::vector<std::vector<StepTime>> rounds_;
  std::vector<Measurement> active_;
  size_t next_ = 0;
};
}  // namespace

StepTime measured_step_time(const Experiment& e, double seconds) {
  const int64_t available = available_memory_bytes();
  Session session(e, available < 0 ? std::numeric_limits<int64_t>::max() : available);
  session.start(0);
  std::vector<double> ms;
  double total = 0;
  for (int64_t step = 1; step <= 1000 && (step <= 4 || total < 1e3 * seconds); ++step) {
    const Stopwatch watch;
    session.step(step);
    total += watch.milliseconds();
    if (step > 1) ms.push_back(watch.milliseconds());  // the first one warms up
  }
  return step_time_of(ms);
}

std::vector<StepTime> step_times_in_turn(std::span<const Experiment> experiments) {
  std::vector<std::vector<StepTime>> rounds(experiments.size());
  for (int round = 0; round < kRounds; ++round)
    for (size_t i = 0; i < experiments.size(); ++i)
      rounds[i].push_back(measured_step_time(experiments[i], kSecondsARound / kRounds));
  std::vector<StepTime> times;
  for (const auto& r : rounds) times.push_back(joined(r));
  return times;
}

std::vector<StepTime> step_times_side_by_side(const StudyPlan& plan, const std::string& program,
                                              const std::string& folder, int64_t jobs) {
  return SideBySide(plan, program, folder, jobs).run();
}

void write_company(const std::string& run_folder, const Company& c) {
  const Json j = {{"jobs", c.jobs}, {"from", c.from}, {"until", c.until}};
  replace_file(run_folder + "/company.json", to_text(j, 1) + "\n");
}

RunTime run_time(const std::string& run_folder) {
  const double whole_ms = read_run_record(run_folder).value_or(RunRecord()).step_ms;
  const std::string company = run_folder + "/company.json", log = run_folder + "/timing.jsonl";
  const RunTime whole{std::isfinite(whole_ms) ? whole_ms : 0, false};
  if (!file_exists(company) || !file_exists(log)) return whole;
  const Json c = load_json(company);
  const int64_t from = c.value("from", int64_t(0)), until = c.value("until", int64_t(-1));
  std::vector<double> blocks;
  bool first = true;  // which holds the warm-up
  for (const Json& line : read_log(log)) {
    const int64_t step = line.value("step", int64_t(0));
    if (step <= from || (until >= 0 && step > until)) continue;
    if (!std::exchange(first, false)) blocks.push_back(line.value("step_ms", 0.0));
  }
  if (blocks.size() < kFewestBlocks) return whole;
  return {median_of(blocks), true};
}

std::optional<TimeRatio> time_ratio(std::span<const RunTime> a, std::span<const RunTime> b) {
  std::vector<double> logs;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].alike && b[i].alike && a[i].ms > 0 && b[i].ms > 0)
      logs.push_back(std::log(a[i].ms / b[i].ms));
  if (logs.empty()) return std::nullopt;
  TimeRatio out{.ratio = std::exp(mean_of(logs)), .interval = {}, .pairs = int64_t(logs.size())};
  if (logs.size() < 3) return out;
  const Interval t = *t_interval(logs);
  out.interval = Interval{std::exp(t.low), std::exp(t.high)};
  return out;
}
}  // namespace cambium
