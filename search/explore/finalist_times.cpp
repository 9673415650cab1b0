#include "search/explore/finalist_times.h"

#include <algorithm>

#include "core/system/threads.h"
#include "core/text/json.h"
#include "search/explore/exploration.h"
#include "train/generate/token_time.h"

namespace cambium {
namespace {
constexpr int kTurns = 3;
constexpr double kSecondsEach = 0.1;

std::optional<double> mean_step_ms(const Finalist& f, const Results& results) {
  double sum = 0;
  for (const PlannedVariant& p : f.plans) {
    const ResultRow* row = results.row(p.name);
    if (!row || row->n == 0 || row->step_ms <= 0) return std::nullopt;
    sum += row->step_ms;
  }
  return sum / double(f.plans.size());
}

// The mean over tasks of the fastest of all turns on each.
std::optional<double> mean_of_known(const std::vector<std::optional<double>>& on_tasks) {
  double sum = 0;
  for (const std::optional<double>& ms : on_tasks) {
    if (!ms) return std::nullopt;
    sum += *ms;
  }
  return sum / double(on_tasks.size());
}
}  // namespace

std::vector<FinalistTimes> finalist_times(const FinalistField& field, const Results& results) {
  const ThreadCountScope threads{int(kSearchThreads)};
  DataCache data;
  std::vector<std::vector<std::optional<double>>> token_times(field.all.size());
  for (int turn = 0; turn < kTurns; ++turn)
    for (size_t f = 0; f < field.all.size(); ++f) {
      const std::vector<PlannedVariant>& plans = field.all[f].plans;
      token_times[f].resize(plans.size());
      for (size_t t = 0; t < plans.size(); ++t) {
        std::optional<double>& known = token_times[f][t];
        const auto ms = token_ms(data.open(plans[t].spec), kSecondsEach);
        if (ms) known = std::min(*ms, known.value_or(*ms));
      }
    }
  std::vector<FinalistTimes> out;
  for (size_t f = 0; f < field.all.size(); ++f)
    out.push_back({mean_step_ms(field.all[f], results), mean_of_known(token_times[f])});
  return out;
}

void put_times(Json& finalist, const FinalistTimes& times) {
  finalist["step_ms"] = times.step_ms ? Json(*times.step_ms) : Json();
  finalist["token_ms"] = times.token_ms ? Json(*times.token_ms) : Json();
}
}  // namespace cambium
