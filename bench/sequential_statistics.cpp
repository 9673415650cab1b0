// How often studies that go on until they are decided, and claims of equivalence, are wrong, and
// what they cost and show: tables of docs/statistics.md.
//   sequential_statistics [studies a cell]     5,000 unless told
#include <cstdlib>

#include "bench/made_up_studies.h"
#include "search/verdict/sequence.h"

namespace cambium {
namespace {
const std::vector<int64_t> kLooks = {3, 5, 8, 12};

double worst_seen = 0;

double percent(int count) {
  return 100.0 * count / studies;
}

// The truth of the second variant: `effect` ahead of the others, which are equal.
struct Truth {
  double effect = 0, least_effect = 0;
};

// Levels take long to find and are the same for all studies of a cell.
struct Design {
  std::vector<int64_t> looks;  // one: fixed seeds
  Levels levels;
  double alpha = alpha_of_look(0.05, 1);

  Design(std::vector<int64_t> all, int variants, bool equivalence) : looks(std::move(all)) {
    levels =
        levels_of(alpha, variants - 1, equivalence,
                  looks.size() > 1 ? std::span<const int64_t>(looks) : std::span<const int64_t>());
  }
};

struct End {
  std::vector<Decision> decisions;
  int64_t seeds = 0;
};

// Seeds until everything is decided, or all of them.
End run_study(const Population& p, const Setting& s, const Truth& truth, const Design& design,
              Random& r) {
  Evidence e{.maximize = true,
             .alpha = design.alpha,
             .least_effect = truth.least_effect,
             .test_examples = s.test_examples,
             .levels = design.levels};
  if (design.looks.size() > 1) e.looks = design.looks;
  e.variants.resize(size_t(s.variants));
  End end;
  for (int64_t look : design.looks) {
    while (int64_t(e.variants[0].size()) < look) {
      add_seed(e, p, s, r);
      e.variants[1].back().value += truth.effect;
    }
    end = {decide(e), look};
    if (all_decided(end.decisions)) break;
  }
  return end;
}

bool differs(const Decision& d) {
  return d.claim == Claim::kBetter || d.claim == Claim::kWorse;
}

double false_differences(const Population& p, const Setting& s, double least_effect) {
  const Design design(kLooks, s.variants, least_effect > 0);
  Random r(uint64_t(s.variants), stream_of(p.name) + uint64_t(s.test_examples));
  int wrong = 0;
  for (int i = 0; i < studies; ++i)
    wrong += std::ranges::any_of(run_study(p, s, {0, least_effect}, design, r).decisions, differs);
  worst_seen = std::max(worst_seen, percent(wrong));
  return percent(wrong);
}

void claims_of_equals() {
  std::vector<Setting> all;
  for (int64_t test : {0, 100, 1000})
    for (int variants : {2, 4, 6}) all.push_back({variants, 0, test});
  const auto name = [](const Setting& s) {
    return fmt::format(
        "{}, {} variants",
        s.test_examples ? fmt::format("accuracy on {} examples", s.test_examples) : "a loss",
        s.variants);
  };
  population_table("A = A, `until: decided` (3, 5, 8, 12): studies with a false claim (%)", all,
                   name, [](const auto& p, const auto& s) { return false_differences(p, s, 0); });
  population_table(
      "The same with a least effect of 2 deviations of a run, so that it also ends at equivalence",
      {{2, 0}, {4, 0}, {6, 0}}, name,
      [](const auto& p, const auto& s) { return false_differences(p, s, 2); });
}

// Whether the repeated interval at the end holds the true difference.
double coverage(const Population& p, const Setting& s, double effect) {
  const Design design(kLooks, s.variants, false);
  Random r(uint64_t(7 + effect), stream_of(p.name));
  int covered = 0;
  for (int i = 0; i < studies; ++i) {
    const Interval& x = run_study(p, s, {effect, 0}, design, r).decisions[1].difference->interval;
    covered += x.low <= effect && effect <= x.high;
  }
  return percent(covered);
}

void coverages() {
  for (double effect : {0.0, 2.0})
    population_table(
        fmt::format("Coverage of the repeated 95 % interval where the study ends, {} deviations "
                    "apart (%)",
                    effect),
        {{2, 0}, {4, 0}}, [](const Setting& s) { return fmt::format("{} variants", s.variants); },
        [effect](const auto& p, const auto& s) { return coverage(p, s, effect); });
}

void powers() {
  header("Normal outcomes, one variant better by so many deviations of a run: claimed (%) / seeds",
         {"", "0", "1", "2", "3", "5", "10"});

  struct Row {
    const char* name;
    std::vector<int64_t> looks;
  };

  for (int variants : {2, 4})
    for (const Row& row : {Row{"until decided", kLooks}, Row{"5 seeds", {5}}, Row{"8 seeds", {8}},
                           Row{"12 seeds", {12}}}) {
      const Design design(row.looks, variants, false);
      fmt::print("| {} variants, {} |", variants, row.name);
      for (double effect : {0, 1, 2, 3, 5, 10}) {
        Random r(uint64_t(variants), stream_of("power"));
        int seen = 0;
        double seeds = 0;
        for (int i = 0; i < studies; ++i) {
          const End end = run_study(kPopulations[0], {variants, 0}, {effect, 0}, design, r);
          seen += effect > 0 ? end.decisions[1].claim == Claim::kBetter : differs(end.decisions[1]);
          seeds += double(end.seeds) / studies;
        }
        fmt::print(" {:.0f} / {:.1f} |", percent(seen), seeds);
      }
      fmt::print("\n");
      std::fflush(stdout);
    }
}

// At the bound, where equivalence is just false.
double false_equivalence(const Population& p, double bound, const Design& design) {
  Random r(uint64_t(10 * bound), stream_of(p.name));
  int wrong = 0;
  for (int i = 0; i < studies; ++i) {
    const Decision d = run_study(p, {2, 0}, {bound, bound}, design, r).decisions[1];
    wrong += d.within || d.claim == Claim::kWorse;
  }
  worst_seen = std::max(worst_seen, percent(wrong));
  return percent(wrong);
}

void equivalences() {
  std::vector<std::string> columns = {""};
  for (const Population& p : kPopulations) columns.emplace_back(p.name);
  header("Two variants just a least effect apart: claimed equivalent, or the wrong one better (%)",
         columns);
  const std::vector<std::pair<const char*, std::vector<int64_t>>> designs = {
      {"5 seeds", {5}}, {"8 seeds", {8}}, {"12 seeds", {12}}, {"until decided", kLooks}};
  for (double bound : {0.5, 2.0, 4.0})
    for (const auto& [name, looks] : designs) {
      const Design design(looks, 2, true);
      fmt::print("| {}, {} deviations |", name, bound);
      for (const Population& p : kPopulations)
        fmt::print(" {:.1f} |", false_equivalence(p, bound, design));
      fmt::print("\n");
      std::fflush(stdout);
    }
  header(
      "Normal equals: claimed equivalent (%) / seeds, by the least effect in deviations of a run",
      {"", "1", "2", "3", "4", "6"});
  for (const auto& [name, looks] : designs) {
    const Design design(looks, 2, true);
    fmt::print("| {} |", name);
    for (double bound : {1, 2, 3, 4, 6}) {
      Random r(uint64_t(bound), stream_of("equal"));
      int seen = 0;
      double seeds = 0;
      for (int i = 0; i < studies; ++i) {
        const End end = run_study(kPopulations[0], {2, 0}, {0, bound}, design, r);
        seen += end.decisions[1].within;
        seeds += double(end.seeds) / studies;
      }
      fmt::print(" {:.0f} / {:.1f} |", percent(seen), seeds);
    }
    fmt::print("\n");
  }
}

// A variant that fails to learn in a fifth of its runs, which lose 2: its mean lies 0.4 below, the
// least effect.
void hidden_modes() {
  header("A fifth of one variant's runs lose five times the least effect: claimed equivalent (%)",
         {"5 seeds", "8 seeds", "12 seeds", "16 seeds", "20 seeds", "30 seeds"});
  fmt::print("|");
  for (int seeds : {5, 8, 12, 16, 20, 30}) {
    Random r(uint64_t(seeds), stream_of("hidden"));
    int wrong = 0;
    for (int i = 0; i < studies; ++i) {
      Evidence e{.maximize = true, .alpha = alpha_of_look(0.05, 1), .least_effect = 0.4};
      e.levels = levels_of(e.alpha, 1, true, {});
      e.variants.resize(2);
      for (int s = 0; s < seeds; ++s) {
        e.variants[0].push_back({SeedOutcome::kDone, 0.05 * r.normal()});
        e.variants[1].push_back(
            {SeedOutcome::kDone, 0.05 * r.normal() - (r.uniform() < 0.2 ? 2 : 0)});
      }
      wrong += decide(e)[1].within;
    }
    fmt::print(" {:.1f} |", percent(wrong));
  }
  fmt::print("\n");
  std::fflush(stdout);
}

}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  using namespace cambium;
  if (argc > 1) studies = std::max(100, std::atoi(argv[1]));
  fmt::print("{} studies a cell.\n", studies);
  hidden_modes();
  claims_of_equals();
  coverages();
  powers();
  equivalences();
  fmt::print("\nThe largest share of false claims: {:.1f} %.\n", worst_seen);
}
