// How often the rule of search/verdict/decision.h claims what is not so, how often its intervals
// cover, and whether a number of seeds keeps its promise: the tables of docs/statistics.md.
//   statistics [studies a cell]     5,000 unless told; about 5 minutes of one core
#include <cstdlib>
#include <numeric>

#include "bench/made_up_studies.h"

namespace cambium {
namespace {
double worst_seen = 0;

// The share of studies of equal variants that claim something, in percent.
double false_claims(const Population& p, const Setting& s) {
  Random r(uint64_t(s.seeds * 1000 + s.variants), stream_of(p.name) + uint64_t(s.test_examples));
  int wrong = 0;
  for (int i = 0; i < studies; ++i) wrong += claims(study_of(p, s, r));
  const double percent = 100.0 * wrong / studies;
  worst_seen = std::max(worst_seen, percent);
  return percent;
}

constexpr int kSeeds[] = {2, 3, 4, 5, 6, 8, 10};

// Rows of one kind of study each, columns the seeds; a cell is the worst of the populations.
void worst_table(const std::string& title, const std::vector<Setting>& settings,
                 const std::function<std::string(const Setting&)>& name) {
  std::vector<std::string> columns = {""};
  for (int seeds : kSeeds) columns.push_back(fmt::format("{} seeds", seeds));
  header(title, columns);
  for (Setting s : settings) {
    fmt::print("| {} |", name(s));
    for (int seeds : kSeeds) {
      s.seeds = seeds;
      double worst = 0;
      for (const Population& p : kPopulations) worst = std::max(worst, false_claims(p, s));
      fmt::print(" {:.1f} |", worst);
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
}

void claims_of_equals() {
  std::vector<Setting> all;
  for (int64_t test : {0, 18, 100, 1000, 10'000})
    for (int variants : {2, 3, 4, 6}) all.push_back({variants, 0, test});
  worst_table("A = A: studies with a false claim (%), the worst of six populations", all,
              [](const Setting& s) {
                const std::string metric =
                    s.test_examples == 0 ? "a loss"
                                         : fmt::format("accuracy on {} examples", s.test_examples);
                return fmt::format("{}, {} variants", metric, s.variants);
              });
}

void claims_with_failures() {
  std::vector<Setting> all;
  for (int variants : {2, 6}) {
    all.push_back({variants, 0, 0, 0.2});
    all.push_back({variants, 0, 0, 0, -0.5});
    all.push_back({variants, 0, 1000, 0.2});
  }
  worst_table("A = A with failures: studies with a false claim (%), the worst of six populations",
              all, [](const Setting& s) {
                return fmt::format(
                    "{}, {} variants",
                    s.fail > 0 ? fmt::format("{}, each run fails with 20 %",
                                             s.test_examples ? "accuracy on 1000" : "a loss")
                               : "a loss, one variant fails where it would be bad",
                    s.variants);
              });
}

// Studies that look again with more seeds until they claim something.
double claims_of_watched(const Population& p, const std::vector<int>& looks, bool spend) {
  Random r(looks.size(), stream_of(p.name));
  int wrong = 0;
  for (int i = 0; i < studies; ++i) {
    Evidence e{.variants = {{}, {}}, .maximize = true};
    bool claimed = false;
    for (size_t look = 0; look < looks.size() && !claimed; ++look) {
      while (int(e.variants[0].size()) < looks[look]) add_seed(e, p, {}, r);
      e.alpha = spend ? alpha_of_look(0.05, int64_t(look + 1)) : 0.05;
      claimed = claims(e);
    }
    wrong += claimed;
  }
  const double percent = 100.0 * wrong / studies;
  if (spend) worst_seen = std::max(worst_seen, percent);
  return percent;
}

// The advice followed: a study of 5 seeds, then as many as would show what was seen.
double claims_of_advised(const Population& p) {
  Random r(5, stream_of(p.name));
  int wrong = 0;
  for (int i = 0; i < studies; ++i) {
    Evidence e{.variants = {{}, {}}, .maximize = true};
    e.next_alpha = alpha_of_look(0.05, 2);
    for (int s = 0; s < 5; ++s) add_seed(e, p, {}, r);
    e.alpha = alpha_of_look(0.05, 1);
    bool claimed = claims(e);
    e.least_effect = std::abs(decide(e)[1].difference->mean);
    const auto outlook = outlook_of(decide(e)[1], e);
    const int more =
        outlook && outlook->seeds_high ? int(std::min<int64_t>(*outlook->seeds_high, 60)) : 60;
    while (!claimed && int(e.variants[0].size()) < more) add_seed(e, p, {}, r);
    e.alpha = e.next_alpha;
    wrong += claimed || claims(e);
  }
  const double percent = 100.0 * wrong / studies;
  worst_seen = std::max(worst_seen, percent);
  return percent;
}

void claims_of_repeated_looks() {
  std::vector<int> each(18);
  std::iota(each.begin(), each.end(), 3);
  std::vector<std::string> columns = {""};
  for (const Population& p : kPopulations) columns.emplace_back(p.name);
  header(
      "A = A, two variants, more seeds after each look that claims nothing: studies with a false "
      "claim (%)",
      columns);
  const auto row = [](const char* name, const std::function<double(const Population&)>& value) {
    fmt::print("| {} |", name);
    for (const Population& p : kPopulations) fmt::print(" {:.1f} |", value(p));
    fmt::print("\n");
  };
  row("3, 5, 8, 12 seeds", [&](const Population& p) {
    return claims_of_watched(p, {3, 5, 8, 12}, true);
  });
  row("one seed at a time, 3 to 20",
      [&](const Population& p) { return claims_of_watched(p, each, true); });
  row("one at a time, alpha whole at each look (not what is done)",
      [&](const Population& p) { return claims_of_watched(p, each, false); });
  row("5 seeds, then as many as the outlook says (at most 60)", claims_of_advised);
}

double coverage(const Population& p, const Setting& s) {
  Random r(uint64_t(s.seeds), stream_of(p.name));
  int covered = 0, shown = 0;
  for (int i = 0; i < studies; ++i) {
    std::vector<double> x(static_cast<size_t>(s.seeds));
    for (double& v : x) v = p.draw(r);
    const std::optional<Interval> t = mean_interval(x);
    shown += t.has_value();
    covered += t && t->low <= p.mean && p.mean <= t->high;
  }
  return shown > 0 ? 100.0 * covered / shown : NAN;
}

double bootstrap_coverage(const Population& p, const Setting& s) {
  Random r(uint64_t(s.seeds), stream_of(p.name));
  int covered = 0;
  const int few = studies / 5;
  for (int i = 0; i < few; ++i) {
    std::vector<double> x(static_cast<size_t>(s.seeds));
    for (double& v : x) v = p.draw(r);
    const Interval b = *bootstrap_interval(x, uint64_t(i), 1000);
    covered += b.low <= p.mean && p.mean <= b.high;
  }
  return 100.0 * covered / few;
}

double difference_coverage(const Population& p, const Setting& s) {
  Random r(uint64_t(s.seeds), stream_of(p.name));
  int covered = 0, shown = 0;
  for (int i = 0; i < studies; ++i) {
    const Decision d = decide(study_of(p, s, r))[1];
    if (!d.difference) continue;
    ++shown;
    covered += d.difference->interval.low <= 0 && 0 <= d.difference->interval.high;
  }
  return shown > 0 ? 100.0 * covered / shown : NAN;
}

void coverages() {
  const auto seeds_name = [](const Setting& s) { return fmt::format("{} seeds", s.seeds); };
  std::vector<Setting> sizes;
  for (int n : {5, 6, 8, 10, 20, 40}) sizes.push_back({2, n});
  population_table("Coverage of a mean's 95 % interval, shown from 5 seeds on (%)", sizes,
                   seeds_name, coverage);
  std::vector<Setting> few(sizes.begin(), sizes.end() - 2);
  population_table("Coverage of a paired difference's 95 % interval, equal variants (%)", few,
                   seeds_name, difference_coverage);
  population_table("Coverage of the bootstrap interval, shown from 20 seeds on (%)",
                   {{2, 20}, {2, 40}}, seeds_name, bootstrap_coverage);
}

// How often a true difference of `effect` deviations of a run is claimed, in percent.
double power_of(double effect, int variants, int seeds, const Population& p, double alpha) {
  Random r(uint64_t(seeds * 100 + variants), stream_of("power"));
  int seen = 0;
  for (int i = 0; i < studies; ++i) {
    Evidence e = study_of(p, {variants, seeds}, r);
    e.alpha = alpha;
    for (SeedOutcome& o : e.variants[1]) o.value += effect;
    seen += decide(e)[1].claim == Claim::kBetter;
  }
  return 100.0 * seen / studies;
}

void powers() {
  header("Power: one variant better by so many deviations of a run (normal), claimed (%)",
         {"", "1", "2", "3", "5", "10", "20"});
  for (int variants : {2, 3, 6})
    for (int seeds : {3, 4, 5, 8, 10}) {
      fmt::print("| {} variants, {} seeds |", variants, seeds);
      for (double effect : {1, 2, 3, 5, 10, 20})
        fmt::print(" {:.0f} |",
                   power_of(effect, variants, seeds, kPopulations[0], alpha_of_look(0.05, 1)));
      fmt::print("\n");
    }
}

// Studies of 5 seeds name the least effect (2 deviations of a run) and are told how many seeds it
// takes.
void seeds_promised() {
  header("Seeds for a named effect: what 5 seeds say, and what the right number does",
         {"variants", "right number", "median of the low end", "median of the high end",
          "range holds the right number (%)", "power of the right number (%)"});
  for (int variants : {2, 3, 6}) {
    const double alpha = alpha_of_look(0.05, 2), effect = 1;
    const int64_t right =
        *seeds_needed(effect, std::sqrt(2.0), kPower, alpha / double(variants - 1));
    Random r(uint64_t(variants), stream_of("promise"));
    std::vector<double> low, high;
    int holds = 0;
    for (int i = 0; i < studies / 5; ++i) {
      Evidence e = study_of(kPopulations[0], {variants, 5}, r);
      e.next_alpha = alpha;
      e.least_effect = effect;
      const Outlook o = *outlook_of(decide(e)[1], e);
      low.push_back(double(o.seeds_low.value_or(10'000)));
      high.push_back(double(o.seeds_high.value_or(10'000)));
      holds += low.back() <= double(right) && double(right) <= high.back();
    }
    fmt::print("| {} | {} | {:.0f} | {:.0f} | {:.0f} | {:.0f} |\n", variants, right, median_of(low),
               median_of(high), 100.0 * holds / double(low.size()),
               power_of(effect, variants, int(right), kPopulations[0], alpha));
  }
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  using namespace cambium;
  if (argc > 1) studies = std::max(100, std::atoi(argv[1]));
  fmt::print("{} studies a cell.\n", studies);
  claims_of_equals();
  claims_with_failures();
  claims_of_repeated_looks();
  coverages();
  powers();
  seeds_promised();
  fmt::print("\nThe largest share of false claims: {:.1f} %.\n", worst_seen);
}
