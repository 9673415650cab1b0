// How often studies of several tasks claim what is not so, and what the intervals of interquartile
// means cover: tables of docs/statistics.md.
//   task_statistics [studies a cell]     5,000 unless told
#include <cstdlib>

#include "bench/made_up_studies.h"
#include "search/verdict/aggregate.h"

namespace cambium {
namespace {
double worst_seen = 0;

double percent(int count) {
  return 100.0 * count / studies;
}

// Tasks whose means lie from 0 to 1, with the population's noise a tenth of that.
TaskScores scores_of(const Population& p, int tasks, int seeds, Random& r) {
  TaskScores out;
  for (int t = 0; t < tasks; ++t) {
    out.emplace_back();
    for (int s = 0; s < seeds; ++s)
      out.back().push_back(double(t) / std::max(1, tasks - 1) + 0.1 * (p.draw(r) - p.mean));
  }
  return out;
}

// What the interquartile mean tends to with more and more seeds.
double true_iqm(const Population& p, int tasks) {
  Random r(99, stream_of(p.name));
  return interquartile_mean(scores_of(p, tasks, 40'000, r));
}

void task_coverages() {
  const int repeats = std::max(200, studies / 10);
  for (bool difference : {false, true}) {
    std::vector<std::string> columns = {""};
    for (const Population& p : kPopulations) columns.emplace_back(p.name);
    header(
        difference
            ? "Coverage of the interval of a difference of interquartile means, equal variants (%)"
            : "Coverage of the stratified bootstrap's 95 % interval of the interquartile mean (%)",
        columns);
    for (int tasks : {2, 5, 10})
      for (int seeds : {3, 5, 10}) {
        fmt::print("| {} tasks, {} seeds |", tasks, seeds);
        for (const Population& p : kPopulations) {
          const double truth = difference ? 0 : true_iqm(p, tasks);
          Random r(uint64_t(tasks * 100 + seeds), stream_of(p.name));
          int covered = 0;
          for (int i = 0; i < repeats; ++i) {
            const TaskScores a = scores_of(p, tasks, seeds, r), b = scores_of(p, tasks, seeds, r);
            const Interval x = difference ? stratified_difference(a, b, uint64_t(i), 1000)
                                          : stratified_interval(a, uint64_t(i), 1000);
            covered += x.low <= truth && truth <= x.high;
          }
          fmt::print(" {:.1f} |", 100.0 * covered / repeats);
        }
        fmt::print("\n");
        std::fflush(stdout);
      }
  }
}

// Every task and the whole, each with its part of alpha.
void claims_over_tasks() {
  std::vector<std::string> columns = {""};
  for (const Population& p : kPopulations) columns.emplace_back(p.name);
  header("A = A on several tasks: studies with a false claim on any of them or over all (%)",
         columns);
  for (int tasks : {2, 5})
    for (int variants : {2, 4})
      for (int seeds : {3, 5, 8}) {
        fmt::print("| {} tasks, {} variants, {} seeds |", tasks, variants, seeds);
        for (const Population& p : kPopulations) {
          Random r(uint64_t(seeds), stream_of(p.name) + uint64_t(tasks));
          int wrong = 0;
          for (int i = 0; i < studies; ++i) {
            Evidence whole;
            bool any = false;
            for (int t = 0; t < tasks; ++t) {
              Evidence e = study_of(p, {variants, seeds}, r);
              e.alpha /= tasks + 1;
              any |= claims(e);
              if (t == 0)
                whole = e;
              else
                for (size_t v = 0; v < e.variants.size(); ++v)
                  for (size_t s = 0; s < e.variants[v].size(); ++s)
                    whole.variants[v][s].value += e.variants[v][s].value;
            }
            wrong += any || claims(whole);
          }
          worst_seen = std::max(worst_seen, percent(wrong));
          fmt::print(" {:.1f} |", percent(wrong));
        }
        fmt::print("\n");
        std::fflush(stdout);
      }
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  using namespace cambium;
  if (argc > 1) studies = std::max(100, std::atoi(argv[1]));
  fmt::print("{} studies a cell.\n", studies);
  claims_over_tasks();
  task_coverages();
  fmt::print("\nThe largest share of false claims: {:.1f} %.\n", worst_seen);
}
