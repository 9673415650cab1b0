// What a search writes is what the report reads.
#include "search/records/search_record.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "search/answer/front.h"
#include "search/replay/table_answer.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/table_searches.h"

namespace cambium::search_record_test {
namespace {
// Two keys of four values each; accuracy and cost, two further trainings, durations.
class Recorded : public ::testing::Test {
 protected:
  Recorded() {
    std::string table = "a,b,acc,acc_1,acc_2,cost,seconds\n";
    for (int i = 0; i < 16; ++i)
      table += i == 5 ? "1,1,nan,1,1,3,60\n"
                      : str(i / 4, ",", i % 4, ",", 50 + 3 * (i / 4) - i % 4, ",", 50 + i / 4, ",",
                            50.5 + i / 4, ",", 1 + i / 4 + i % 4, ",", 60 + i, "\n");
    replace_file(folder_.path("t.csv"), table);
  }

  SearchRecord record(const std::string& objectives) {
    replace_file(folder_.path("s.yaml"),
                 "base: {table: t.csv, key: [a, b], seconds: seconds}\nspace: table\nobjectives: " +
                     objectives +
                     "\nsearch: {method: random, trials: 12}\n"
                     "finalists: {count: 2, judged_by: [acc_1, acc_2]}\n");
    study_ = std::make_unique<TableStudy>(load_table_study(folder_.path("s.yaml")));
    search_ = search_table(*study_);
    answer_ = answer_of(*study_, search_);
    replace_file(folder_.path("results.json"), to_text(answer_json(*study_, search_, answer_)));
    return read_search_folder(folder_.path(""));
  }

  test::TempFolder folder_;
  std::unique_ptr<TableStudy> study_;
  TableSearch search_;
  TableAnswer answer_;
};

TEST_F(Recorded, OfOneObjectiveReadsBack) {
  const SearchRecord s = record("{acc: max}");
  EXPECT_EQ(s.method, "random");
  EXPECT_EQ(s.rows, 16);
  ASSERT_EQ(s.trials.size(), 12u);
  for (size_t i = 0; i < s.trials.size(); ++i) {
    EXPECT_EQ(s.trials[i].key, search_.trials[i].key);
    EXPECT_EQ(s.trials[i].qualifies(), !search_.trials[i].outcome.failed);
    if (!s.trials[i].qualifies()) continue;
    EXPECT_EQ(s.trials[i].results[0], -search_.trials[i].outcome.losses[0]);
  }
  EXPECT_EQ(s.found, -answer_.best);
  EXPECT_EQ(s.of_random, -answer_.random_best);
  ASSERT_EQ(s.progress.size(), answer_.progress.size());
  for (size_t i = 0; i < s.progress.size(); ++i) {
    EXPECT_EQ(s.progress[i].random, -answer_.progress[i].random->mean);
    EXPECT_LE(s.progress[i].random_range.low, s.progress[i].random_range.high);
    EXPECT_EQ(s.progress[i].random_range.high, -answer_.progress[i].random->low);
  }
  EXPECT_EQ(s.progress.back().random, s.of_random);
  ASSERT_EQ(s.finalists.size(), 2u);
  EXPECT_EQ(s.finalists[0].trainings.size(), 2u);
  EXPECT_DOUBLE_EQ(s.finalists[0].mean, mean_of(s.finalists[0].trainings));
  EXPECT_EQ(s.times.size(), 4u);
  EXPECT_EQ(s.importance[0].size(), answer_.importance[0].size());
}

TEST_F(Recorded, OfTwoObjectivesHasBothFronts) {
  const SearchRecord s = record("{acc: max, cost: min}");
  ASSERT_EQ(s.front.size(), answer_.front.size());
  for (size_t i = 0; i < s.front.size(); ++i) EXPECT_EQ(s.front[i], answer_.front[i]);
  EXPECT_EQ(s.found, *answer_.volume);
  EXPECT_EQ(s.progress.back().random, s.of_random);
  // No row of the table beats those of its front, and all others are beaten or equal to one.
  EXPECT_EQ(s.front_of_table,
            (std::vector<std::vector<double>>{{59, 4}, {56, 3}, {53, 2}, {50, 1}}));
}

TEST_F(Recorded, AnOlderFileLacksWhatCameLater) {
  record("{acc: max, cost: min}");
  Json json = load_json(folder_.path("results.json"));
  for (const char* key : {"progress", "front_of_table", "simulated", "importance", "finalists"})
    json.erase(key);
  const SearchRecord s = search_record(json, "results.json");
  ASSERT_FALSE(s.progress.empty());
  EXPECT_EQ(s.progress.back().found, s.found) << "it follows from the trials";
  EXPECT_TRUE(std::isnan(s.progress.back().random));
  EXPECT_TRUE(s.front_of_table.empty());
  EXPECT_EQ(s.importance.size(), 2u);
  EXPECT_EQ(s.trials.size(), 12u);
}

// As searches over trained models write them.
TEST_F(Recorded, TrialsMayHaveStatesRungsAndParents) {
  record("{acc: max}");
  Json json = load_json(folder_.path("results.json"));
  json["trials"][3].update(
      {{"state", "not continued"}, {"at_rungs", {50, nullptr}}, {"parents", {1, 2}}});
  json["rungs"] = Json::array(
      {{{"trials", 12}, {"share", 0.25}, {"tau_to_end", 0.5}}, {{"trials", 4}, {"share", 1}}});
  json["uniform_draws"] = 4;
  json["uniform_draws_best"] = 51;
  const SearchRecord s = search_record(json, "results.json");
  EXPECT_FALSE(s.trials[3].qualifies());
  EXPECT_EQ(s.trials[3].at_rungs[0], 50);
  EXPECT_TRUE(std::isnan(s.trials[3].at_rungs[1]));
  EXPECT_EQ(s.trials[3].parents, (std::vector<int64_t>{1, 2}));
  ASSERT_EQ(s.rungs.size(), 2u);
  EXPECT_EQ(s.rungs[0].share, 0.25);
  EXPECT_EQ(s.rungs[0].tau, 0.5);
  EXPECT_TRUE(std::isnan(s.rungs[0].interval.low));
  EXPECT_EQ(s.drawn, 4);
  EXPECT_EQ(s.drawn_found, 51);
}

TEST_F(Recorded, DamageIsNamed) {
  record("{acc: max, cost: min}");
  const Json good = load_json(folder_.path("results.json"));
  const auto fault = [&](const std::function<void(Json&)>& damage) {
    Json json = good;
    damage(json);
    try {
      search_record(json, "results.json");
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(fault([](Json& j) { j.erase("trials"); }),
            "results.json is not of a search: it has no objectives or no trials");
  EXPECT_EQ(fault([](Json& j) { j["objectives"] = Json::array(); }),
            "results.json: 'objectives' is empty");
  EXPECT_EQ(fault([](Json& j) { j["front"][0]["trial"] = 99; }),
            "results.json: front[0]: there is no trial 99");
  EXPECT_EQ(fault([](Json& j) { j["progress"][0]["random_95"] = {1}; }),
            "results.json: progress[0]: 'random_95' is no [low, high]");
  EXPECT_EQ(fault([](Json& j) { j["front_of_table"][0] = {1}; }),
            "results.json: 'front_of_table' holds no list of one number an objective");
  EXPECT_EQ(fault([](Json& j) { j["trials"][0].erase("key"); }),
            "results.json: trials[0]: 'key' is missing");
}

TEST(SearchFolder, WithoutASearchIsTold) {
  const test::TempFolder folder;
  EXPECT_FALSE(is_search_folder(folder.path("")));
  try {
    read_search_folder(folder.path("x"));
    FAIL();
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("holds no search: there is no results.json"),
              std::string::npos);
  }
}
}  // namespace
}  // namespace cambium::search_record_test
