// Search methods on published tables: what each finds in so many trials, beside uniform draws.
//   build/release/bench/search_methods [seeds]         (CAMBIUM_TEST_DATA: where the tables are)
//   build/release/bench/search_methods fronts [seeds]  problems of known fronts alone
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "bench/front_problems.h"
#include "core/system/clock.h"
#include "search/replay/expected.h"
#include "search/replay/simulated_time.h"
#include "search/rungs/support/rung_method.h"
#include "search/space/space_reader.h"
#include "tests/support/learning_curves.h"
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

void print_honest_winner(int64_t repeats) {
  for (const double gap : {0.0, 3.0}) {
    const test::NamedShare n = test::named_by_fresh_seeds(repeats, gap);
    std::printf("five finalists, %s: wrongly named %.3f, rightly %.3f\n",
                gap > 0 ? "the best 3 deviations in front" : "as a search found them", n.wrong,
                n.right);
  }
}

void print_rungs(const RungMethod& method, int64_t repeats) {
  int64_t survived = 0;
  double cost = 0, off = 0;
  const Attrs options = method.attrs.parse(std::vector<Arg>{{"keep", 0.25}}, nullptr);
  for (int64_t k = 0; k < repeats; ++k) {
    const test::LearningCurves curves(81, {0.9, 0.97, 1}, uint64_t(k));
    Rungs rungs(method.plan(options, 81));
    double least = HUGE_VAL;
    for (Rungs::Next n = rungs.next(); n.kind == Rungs::Next::kPiece; n = rungs.next()) {
      rungs.tell(n.trial, n.rung, curves.loss(n.trial, n.rung));
      if (n.rung == 2) least = std::min(least, curves.loss(n.trial, 2));
    }
    survived += rungs.rung_of(curves.best()) == 2;
    off += (least - curves.loss(curves.best(), 2)) / double(repeats);
    cost += rungs.cost() / 81 / double(repeats);
  }
  std::printf(
      "%-34s best of 81 survives %.4f, the best that does is %.4f deviations off, at %.4f "
      "of the cost\n",
      std::string(method.name).c_str(), double(survived) / double(repeats), off, cost);
}

void print_busy_time(int64_t repeats) {
  for (const int64_t lag : {4, 8, 16}) {
    std::vector<double> busy;
    for (int64_t k = 0; k < repeats; ++k) {
      Random random(uint64_t(k), stream_of("bench.durations"));
      std::vector<double> durations(200);
      for (double& d : durations) d = std::exp(0.7 * random.normal());
      busy.push_back(simulated_time(durations, 4, lag).busy);
    }
    std::printf("4 workers, lag %-2ld                    busy %.3f of the time\n", long(lag),
                mean_of(busy));
  }
}

// Ten numbers and a pattern, two objectives, after so many trials that were drawn.
void print_proposing(const Method& method, int64_t trials) {
  std::string yaml = "space: {p: {pattern: ABCD, length: 4..12}";
  for (int i = 0; i < 10; ++i) yaml += str(", x", i, ": {float: [0, 1]}");
  const Yaml root = parse_yaml(yaml + "}", "bench");
  const Space space(read_dimensions(*root.find("space"), {}), {}, {}, root.mark);
  Proposer proposer(space, {&method, method.attrs.parse({}, nullptr), 0, 8, {}});
  const auto tell = [&](int64_t t) {
    const double x = proposer.point(t).genes[1].real;
    proposer.tell(t, {.losses = {x, double(stream_of(proposer.key(t)) % 100) - x}});
  };
  Random random(0, stream_of("bench.points"));
  for (int64_t t = 0; t < trials; ++t) {
    proposer.restore(space.draw(random));
    tell(t);
  }
  std::vector<double> times;
  for (int64_t t = trials; t < trials + 10; ++t) {
    const Stopwatch watch;
    proposer.next();
    times.push_back(1000 * watch.seconds());
    tell(t);
  }
  std::printf("%-34s proposes trial %ld in %.2f ms\n", std::string(method.name).c_str(),
              long(trials), median_of(times));
  std::fflush(stdout);
}

// The hypervolume of all that so many trials found, from 1.1 in each objective.
void print_front(const char* name, const FrontProblem& problem, int64_t trials, int64_t seeds) {
  std::string yaml;
  for (int i = 0; i < 10; ++i) yaml += str(i ? ", x" : "space: {x", i, ": {float: [0, 1]}");
  const Yaml root = parse_yaml(yaml + "}", "bench");
  const Space space(read_dimensions(*root.find("space"), {}), {}, {}, root.mark);
  const Method& method = find_method(name, {});
  const std::vector<double> reference(problem.objectives, 1.1);
  std::vector<double> volumes;
  for (int64_t seed = 0; seed < seeds; ++seed) {
    Proposer proposer(space, {&method, method.attrs.parse({}, nullptr), uint64_t(seed), 8, {}});
    std::vector<std::vector<double>> found;
    for (int64_t t = 0; t < trials; ++t) {
      proposer.next();
      std::vector<double> x;
      for (const Gene& g : proposer.point(t).genes) x.push_back(g.real);
      found.push_back(problem.losses(x));
      proposer.tell(t, {.losses = found.back()});
    }
    volumes.push_back(hypervolume(found, reference));
  }
  std::printf("%-9s %-24s %5ld trials  hypervolume %.4f +- %.4f\n", name, problem.name,
              long(trials), mean_of(volumes), deviation_of(volumes) / std::sqrt(double(seeds)));
  std::fflush(stdout);
}

void print_fronts(int64_t seeds) {
  for (const FrontProblem& problem : front_problems()) {
    for (const char* method : {"random", "nsga2"}) print_front(method, problem, 1000, seeds);
    print_front("gp", problem, 100, std::min<int64_t>(seeds, 5));
  }
}
}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "fronts") {
    print_fronts(argc > 2 ? std::atoll(argv[2]) : 30);
    return 0;
  }
  const int64_t seeds = argc > 1 ? std::atoll(argv[1]) : 300;
  print_formula(100);
  const char* const methods[] = {"random", "sobol", "evolution", "tpe", "nsga2"};
  for (const char* method : methods) print_regret(method, 100, seeds, false);
  for (const char* method : methods) print_regret(method, 100, seeds, true);
  for (const bool shuffled : {false, true})  // a hundred times as slow
    print_regret("gp", 100, std::min<int64_t>(seeds, 60), shuffled);
  print_honest_winner(10 * seeds);
  for (const RungMethod* method : builtin_rung_methods()) print_rungs(*method, 10 * seeds);
  print_busy_time(seeds);
  for (const Method* method : builtin_methods())
    for (const int64_t trials : {300, 1000})
      if (method->name != "grid") print_proposing(*method, trials);  // its patterns are too many
  for (const char* method : {"random", "nsga2", "tpe"}) print_hypervolume(method, 500, seeds);
  print_fronts(std::min<int64_t>(seeds, 30));
  for (int i = 2; i < argc; ++i) {  // further methods with options, for tuning
    print_regret(argv[i], 100, seeds, false);
  }
}
