// Search methods on published tables: what each finds in so many trials, beside uniform draws.
//   build/release/bench/search_methods [seeds]         (CAMBIUM_TEST_DATA: where the tables are)
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "core/system/clock.h"
#include "search/replay/expected.h"
#include "tests/support/table_searches.h"

namespace {
using namespace cambium;

void print_regret(const char* method, int64_t trials, int64_t seeds, bool shuffled) {
  TableStudy study = test::table_study(test::macro_study(method, trials));
  if (shuffled) test::shuffle_results(study, 1);
  const Stopwatch watch;
  const auto [mean, error] = test::mean_regret(study, seeds);
  std::printf("%-34s %5ld trials%s  regret %.4f +- %.4f   (%.1f s)\n", method, long(trials),
              shuffled ? ", shuffled" : "", mean, error, watch.seconds());
  std::fflush(stdout);
}

void print_hypervolume(const char* method, int64_t trials, int64_t seeds) {
  TableStudy study = test::table_study(test::macro_study(method, trials, true));
  const Stopwatch watch;
  const auto [mean, error] = test::mean_hypervolume_share(study, seeds);
  std::printf("%-34s %5ld trials  hypervolume %.3f %% +- %.3f   (%.1f s)\n", method, long(trials),
              100 * mean, 100 * error, watch.seconds());
  std::fflush(stdout);
}

void print_formula(int64_t trials) {
  const TableStudy study = test::table_study(test::macro_study("random", trials));
  std::vector<double> losses;
  for (const auto& l : test::all_losses(study)) losses.push_back(l[0]);
  std::printf("random, by formula %21ld trials  regret %.4f\n", long(trials),
              expected_least(losses, trials) - *std::ranges::min_element(losses));
}
}  // namespace

int main(int argc, char** argv) {
  const int64_t seeds = argc > 1 ? std::atoll(argv[1]) : 300;
  print_formula(100);
  const char* const methods[] = {"random", "sobol", "evolution", "tpe", "nsga2"};
  for (const char* method : methods) print_regret(method, 100, seeds, false);
  for (const char* method : methods) print_regret(method, 100, seeds, true);
  for (const char* method : {"random", "nsga2", "tpe"}) print_hypervolume(method, 500, seeds);
  for (int i = 2; i < argc; ++i) {  // further methods with options, for tuning
    print_regret(argv[i], 100, seeds, false);
  }
}
