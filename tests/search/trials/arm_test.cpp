// Arms over a store, without training: which trials there are does not depend on who works how
// fast.
#include "search/trials/arm.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "core/yaml/spec.h"
#include "search/rungs/support/rung_method.h"
#include "search/space/space_reader.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::arm_test {
namespace {
const char* const kSpace =
    "space: {lr: {log: [1e-4, 1e-1]}, heads: [2, 4, 8], depth: {int: [1, 6]}, p: {pattern: AB, "
    "length: 1..3}, drop: {when: 'heads == 4', values: [0, 0.1]}}";

Space space_of(const char* text) {
  const Spec spec{"s", parse_yaml(text, "s")};
  return {read_dimensions(*spec.section("space"), {}), {}, {}, {}};
}

// What a trial comes to: a later rung is better, and every seventh point fails.
double value_of(const Trial& t) {
  const double lr = t.point.at("lr").get<double>(), x = std::log10(lr) + 2.5;
  return x * x + double(t.point.at("depth").get<int64_t>()) / 10 - 0.1 * double(t.rung);
}

bool fails(const Trial& t) {
  return point_index(t) % 7 == 3;
}

std::shared_ptr<Arm> arm_of(const Space& space, const std::string& name, std::string_view method,
                            bool rungs, int64_t lag, int64_t points = 12, int64_t parts = 1) {
  const Method& m = find_method(method, {});
  ArmSettings a{.name = name,
                .space = &space,
                .proposer = {&m, m.attrs.parse({}, nullptr), 3, lag},
                .points = points,
                .parts = parts};
  const RungMethod& m2 = find_rung_method(method == "sobol" ? "hyperband" : "halving", {});
  if (rungs) a.rungs = m2.plan(m2.attrs.parse({}, nullptr), points);
  a.plan = [name, parts](const SpacePoint&, int64_t i) {
    std::vector<Trial> out;
    for (int64_t part = 0; part < parts; ++part)
      out.push_back({.spec = "spec",
                     .seed = 1,
                     .steps = 90,
                     .cost = 900,
                     .folder = str(name, "-", i, part > 0 ? str("@", part) : "")});
    return out;
  };
  a.outcome = [](std::span<const Trial> all) {
    double loss = 0;
    for (const Trial& t : all) loss += t.values.at("loss").get<double>() / double(all.size());
    return TrialOutcome{.losses = {loss}};
  };
  return std::make_shared<Arm>(std::move(a));
}

struct Work {
  std::string method = "tpe";
  bool rungs = true;
  int64_t workers = 1, lag = 8;
  bool restarts = false;  // the proposer is made anew all the time, as of another process
  int64_t parts = 1;
};

std::string list_of(const Work& work, const Space& space) {
  const test::TempFolder folder;
  const StudyRecord study{.name = "arms", .lag = work.lag};
  TrialStore store(folder.path("s"), study);
  const auto proposer = [&] {
    return by_turns({arm_of(space, "a", work.method, work.rungs, work.lag / 2, 12, work.parts),
                     arm_of(space, "b", work.method, work.rungs, work.lag / 2, 12, work.parts)});
  };
  ProposeTrial propose = proposer();
  std::vector<TrialClaim> running;
  Random random(uint64_t(work.workers), 7);
  for (;;) {
    if (work.restarts) propose = proposer();
    Proposal p = Proposal::kAdded;
    while (int64_t(running.size()) < work.workers) {
      if (auto claim = store.claim()) {
        running.push_back(*std::move(claim));
        continue;
      }
      p = store.propose_next(propose);
      if (p != Proposal::kAdded) break;
    }
    if (running.empty()) {
      EXPECT_EQ(p, Proposal::kNothing);
      return store.dump();
    }
    const auto i = long(random.below(uint32_t(running.size())));
    const Trial& t = running[size_t(i)].trial;
    const TrialEnd end = fails(t) ? TrialEnd{TrialState::kFailed, Json::object(), "no number"}
                                  : TrialEnd{TrialState::kDone, {{"loss", value_of(t)}}, ""};
    EXPECT_TRUE(store.finish(running[size_t(i)], end));
    running.erase(running.begin() + i);
  }
}

class Arms : public testing::TestWithParam<std::string> {};

TEST_P(Arms, TheListIsTheSameForAnyNumberOfWorkersAndAfterRestarts) {
  const Space space = space_of(kSpace);
  for (const bool rungs : {false, true}) {
    const std::string one = list_of({GetParam(), rungs, 1}, space);
    EXPECT_GT(std::ranges::count(one, '\n'), 23);
    for (const int64_t workers : {2, 4, 7})
      EXPECT_EQ(list_of({GetParam(), rungs, workers}, space), one) << workers;
    EXPECT_EQ(list_of({GetParam(), rungs, 3, 8, true}, space), one);
  }
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const Method* m : builtin_methods())
    if (m->name != "grid") names.emplace_back(m->name);  // of countable spaces only
  return names;
}

INSTANTIATE_TEST_SUITE_P(Methods, Arms, testing::ValuesIn(method_names()),
                         [](const auto& i) { return i.param; });

// On several tasks, say: a point is told when all of its piece have ended.
TEST_P(Arms, PiecesOfSeveralPartsToo) {
  const Space space = space_of(kSpace);
  for (const bool rungs : {false, true}) {
    const std::string one = list_of({GetParam(), rungs, 1, 16, false, 2}, space);
    EXPECT_GT(std::ranges::count(one, '\n'), 47);
    for (const int64_t workers : {2, 5})
      EXPECT_EQ(list_of({GetParam(), rungs, workers, 16, false, 2}, space), one) << workers;
    EXPECT_EQ(list_of({GetParam(), rungs, 3, 16, true, 2}, space), one);
  }
}

TEST(Arm, PartsOfAPointGoOnTogether) {
  const Space space = space_of(kSpace);
  std::map<std::pair<std::string, int64_t>, std::set<int64_t>> rungs_of;  // arm and point: by part
  std::map<std::pair<std::string, int64_t>, int64_t> rows;
  std::istringstream list(list_of({"random", true, 3, 16, false, 3}, space));
  for (std::string line; std::getline(list, line);) {
    const Json row = Json::parse(line);
    const std::pair point(row["arm"].get<std::string>(), row["origin"]["point"].get<int64_t>());
    rungs_of[point].insert(row["rung"].get<int64_t>());
    EXPECT_EQ(row["origin"]["part"], rows[point]++ % 3) << "part after part";
  }
  EXPECT_EQ(rungs_of.size(), 24u);
  for (const auto& [point, rungs] : rungs_of) EXPECT_EQ(rows[point], 3 * int64_t(rungs.size()));
}

// A result of a short piece says nothing beside that of a longer one.
TEST(Arm, AMethodComparesPointsOfBracketsWithOneFirstRung) {
  const Space space = space_of(kSpace);
  const Method& evolution = find_method("evolution", {});
  const RungMethod& hyperband = find_rung_method("hyperband", {});
  const int64_t points = 60;
  const RungPlan plan = hyperband.plan(hyperband.attrs.parse({}, nullptr), points);
  ArmSettings a{.name = "a",
                .space = &space,
                .proposer = {.method = &evolution,
                             .options = evolution.attrs.parse(
                                 std::vector<Arg>{{"population", 4}, {"sample", 2}}, nullptr),
                             .seed = 3,
                             .lag = 2},
                .points = points,
                .rungs = plan};
  a.plan = [](const SpacePoint&, int64_t i) {
    return std::vector<Trial>{
        {.spec = "spec", .seed = 1, .steps = 90, .cost = 900, .folder = str(i)}};
  };
  a.outcome = [](std::span<const Trial> t) { return TrialOutcome{.losses = {value_of(t[0])}}; };
  const test::TempFolder folder;
  TrialStore store(folder.path("s"), {.name = "arms", .lag = 2});
  const ProposeTrial propose = by_turns({std::make_shared<Arm>(std::move(a))});
  while (store.propose_next(propose) != Proposal::kNothing)
    if (auto claim = store.claim())
      store.finish(*claim, {.values = {{"loss", value_of(claim->trial)}}});
  std::map<int64_t, int64_t> first;  // rung, by point
  int64_t made = 0;
  for (const Trial& t : store.trials()) first.try_emplace(point_index(t), t.rung);
  EXPECT_EQ(first.size(), size_t(points));
  for (const Trial& t : store.trials())
    for (const Json& parent : t.origin.value("parents", Json::array())) {
      EXPECT_EQ(first.at(parent.get<int64_t>()), first.at(point_index(t)));
      ++made;
    }
  EXPECT_GT(made, 20);
}

TEST(Arm, TheBestOfARungGoOnInTheSameFolder) {
  const Space space = space_of(kSpace);
  const std::string list = list_of({"random", true, 2}, space);
  std::map<std::string, std::vector<Json>> of_folder;
  int64_t last = 0;
  for (size_t at = 0, end; (end = list.find('\n', at)) != list.npos; at = end + 1) {
    const Json row = Json::parse(list.substr(at, end - at));
    of_folder[row["folder"]].push_back(row);
    last += row["rung"] == 2;
  }
  EXPECT_EQ(of_folder.size(), 24u);
  EXPECT_GE(last, 2);
  for (const auto& [folder, rows] : of_folder)
    for (size_t r = 0; r < rows.size(); ++r) {
      EXPECT_EQ(rows[r]["rung"], r);
      EXPECT_EQ(rows[r]["pause_at"], (std::array{10, 30, 0})[r]);
      EXPECT_NEAR(rows[r]["cost"].get<double>(), (std::array{100.0, 200.0, 600.0})[r], 1e-9);
      EXPECT_EQ(rows[r]["point"], rows[0]["point"]);
    }
}

TEST(Arm, ASpaceWithoutMorePointsIsAnEnd) {
  const Space space = space_of("space: {lr: [0.1, 0.01], depth: [1, 2]}");
  for (const bool rungs : {false, true}) {
    const test::TempFolder folder;
    TrialStore store(folder.path("s"), {.name = "arms", .lag = 4});
    const auto arm = arm_of(space, "a", "random", rungs, 4, 9);
    const ProposeTrial propose = by_turns({arm});
    for (;;) {
      const Proposal p = store.propose_next(propose);
      if (p == Proposal::kNothing) break;
      if (auto claim = store.claim())
        store.finish(*claim, {.values = {{"loss", double(claim->number())}}});
    }
    EXPECT_TRUE(arm->exhausted());
    EXPECT_EQ(arm->points(), 4);
  }
}

TEST(SpacePoint, ComesBackFromItsJson) {
  const Space space = space_of(kSpace);
  Random random(1, 1);
  for (int i = 0; i < 200; ++i) {
    const SpacePoint p = space.draw(random);
    EXPECT_EQ(space.point_of(parse_json(to_text(space.json(p)), "p")), p);
  }
  for (const char* other : {R"({"lr": 1})", R"({"lr": 0.01, "heads": 3, "depth": 1, "p": "A"})",
                            R"({"lr": 0.01, "heads": 2, "depth": 7, "p": "A"})",
                            R"({"lr": 0.01, "heads": 2, "depth": 2, "p": "C"})"})
    EXPECT_THROW(space.point_of(parse_json(other, "p")), UserError) << other;
}
}  // namespace
}  // namespace cambium::arm_test
