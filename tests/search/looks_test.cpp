#include "search/verdict/looks.h"

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::looks_test {
namespace {
class Looks : public ::testing::Test {
 protected:
  Looks() {
    study_.name = "s";
    study_.metric = "val.accuracy";
    study_.maximize = true;
    study_.baseline = "a";
    study_.variants = {{.name = "a"}, {.name = "b"}};
    study_.seeds = {0, 1, 2};
  }

  void write(const Frozen& f) {
    const Json j = {{"frozen", to_json(f)}};
    replace_file(folder_.path("study.json"), j.dump());
  }

  void finish(const char* variant, int64_t seed, const char* status = "done") {
    const std::string folder = str(folder_.path(), "/runs/", variant, "-s", seed);
    make_folders(folder);
    const Json j = {{"variant", variant}, {"seed", seed}, {"status", status}};
    replace_file(folder + "/run.json", j.dump());
  }

  std::string refusal() {
    return test::error_of([&] { carried_on(study_, folder_.path()); }).what();
  }

  const test::TempFolder folder_;
  Study study_;
};

TEST_F(Looks, SpendNoMoreThanAlpha) {
  double spent = 0;
  for (int64_t look = 1; look <= 50; ++look) spent += alpha_of_look(0.05, look);
  EXPECT_NEAR(spent, 0.05, 1e-12);
  EXPECT_DOUBLE_EQ(alpha_of_look(0.05, 1), 0.0375);
}

TEST_F(Looks, AreCountedWhenSeedsAreAdded) {
  write(frozen_of(study_));
  study_.seeds = {0, 1, 2, 3};
  EXPECT_EQ(carried_on(study_, folder_.path()).looks.size(), 1u);  // no outcome was known
  finish("a", 0);
  const Frozen second = carried_on(study_, folder_.path());
  EXPECT_EQ(second.looks.size(), 2u);
  write(second);
  study_.seeds = {3, 2, 1, 0};
  EXPECT_EQ(carried_on(study_, folder_.path()).looks.size(), 2u);
}

TEST_F(Looks, FewerSeedsThanPlannedAreALookToo) {
  study_.seeds = {0, 1, 2, 3, 4, 5, 6, 7};
  write(frozen_of(study_));
  for (int64_t s : {0, 1, 2}) finish("a", s);
  study_.seeds = {0, 1, 2};
  EXPECT_EQ(carried_on(study_, folder_.path()).looks.size(), 2u);
}

TEST_F(Looks, SeedsPickedAfterwardsAreRefused) {
  study_.seeds = {0, 1, 2, 3, 4, 5, 6, 7};
  write(frozen_of(study_));
  for (int64_t s = 0; s < 8; ++s) finish(s % 2 ? "a" : "b", s, s == 3 ? "failed" : "done");
  study_.seeds = {0, 2, 5};
  EXPECT_NE(refusal().find("holds 5 finished seeds (1, 3, 4, 6 and 7) that the study now leaves"),
            std::string::npos);
}

TEST_F(Looks, VariantsDroppedAfterwardsAreRefused) {
  write(frozen_of(study_));
  finish("b", 1);
  study_.variants.pop_back();
  EXPECT_NE(refusal().find("1 finished variant (b)"), std::string::npos);
}

TEST_F(Looks, WhatDecidesIsFrozenOnceOutcomesAreKnown) {
  write(frozen_of(study_));
  study_.metric = "val.loss";
  EXPECT_NO_THROW(carried_on(study_, folder_.path()));
  finish("a", 0);
  EXPECT_NE(refusal().find("was begun with metric val.accuracy, the study now says val.loss"),
            std::string::npos);
  study_.metric = "val.accuracy";
  study_.alpha = 0.1;
  EXPECT_NE(refusal().find("alpha 0.05, the study now says 0.1"), std::string::npos);
  study_.alpha = 0.05;
  study_.baseline = "b";
  EXPECT_NE(refusal().find("baseline a"), std::string::npos);
  study_.baseline = "a";
  study_.least_effect = 0.01;  // may be named once
  write(carried_on(study_, folder_.path()));
  study_.least_effect = 0.02;
  EXPECT_NE(refusal().find("least_effect 0.01"), std::string::npos);
}

TEST_F(Looks, OfAnOlderFolderAreOne) {
  replace_file(folder_.path("study.json"),
               R"({"metric": {"selection": "val.accuracy"}, "base": "a", "seeds": [0, 1, 2]})");
  finish("a", 0);
  EXPECT_EQ(carried_on(study_, folder_.path()).looks.size(), 1u);
  study_.seeds.push_back(3);
  EXPECT_EQ(carried_on(study_, folder_.path()).looks.size(), 2u);
}
}  // namespace
}  // namespace cambium::looks_test
