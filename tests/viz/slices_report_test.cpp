// Losses by source in a study's report.
#include <gtest/gtest.h>

#include "search/results/slice_losses.h"
#include "viz/report/report.h"
#include "viz/report/report_parts.h"

namespace cambium::slices_report_test {
namespace {
bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// Two variants and three seeds; the second loses .25 more on docs, and .5 less on code.
StudyFolder study() {
  StudyFolder r{.folder = "s"};
  r.study.metric = "val.loss";
  r.study.baseline = "base";
  r.study.seeds = {0, 1, 2};
  for (const char* name : {"base", "other"}) r.study.variants.push_back({.name = name});
  for (const std::string name : {"base", "other"})
    for (const int64_t seed : {0, 1, 2}) {
      RunOfStudy run;
      run.variant = name;
      run.seed = seed;
      run.status = "done";
      const double docs = 2 + 0.125 * double(seed) + (name == "other" ? 0.25 : 0),
                   code = 1.5 + 0.125 * double(seed) - (name == "other" ? 0.5 : 0);
      run.test = RunScores{.metrics = {{"test.loss", 2},
                                       {"test.loss.books", 9},
                                       {"test.loss.source.docs", docs},
                                       {"test.accuracy.source.docs", 0.5},
                                       {"test.loss.source.code", code}}};
      for (const double step : {10.0, 20.0})
        run.log.push_back({.step = step, .values = {{"val.loss.source.docs", docs + 1 / step}}});
      r.runs.push_back(std::move(run));
    }
  return r;
}

TEST(SliceLosses, AreMeansAndPairedDifferences) {
  const std::vector<SliceRow> rows = slice_losses(study());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].metric, "test.loss.source.docs");
  EXPECT_EQ(slice_of_metric(rows[1].metric), "source code");
  EXPECT_EQ(slice_of_metric("val.loss.books"), "");
  ASSERT_EQ(rows[0].cells.size(), 2u);
  EXPECT_DOUBLE_EQ(rows[0].cells[0].mean, 2.125);
  EXPECT_FALSE(rows[0].cells[0].difference);
  EXPECT_EQ(rows[0].cells[1].n, 3);
  EXPECT_DOUBLE_EQ(rows[0].cells[1].difference->mean, 0.25);
  EXPECT_DOUBLE_EQ(rows[1].cells[1].difference->mean, -0.5);
}

// Each on what it holds out itself, which is not the same.
TEST(SliceLosses, OfOtherHeldOutTextAreNotCompared) {
  StudyFolder s = study();
  s.study.variants[0].held_out = "1a";
  s.study.variants[1].held_out = "2b";
  for (const SliceRow& row : slice_losses(s)) {
    EXPECT_EQ(row.cells[1].n, 3);
    EXPECT_TRUE(row.cells[1].own);
    EXPECT_FALSE(row.cells[1].difference);
  }
  EXPECT_TRUE(has(slices_part(s), "of its own held-out text"));
  s.study.variants[1].held_out = "1a";
  EXPECT_TRUE(slice_losses(s)[0].cells[1].difference);
}

TEST(SliceLosses, StandInTheReport) {
  const std::string part = slices_part(study());
  EXPECT_TRUE(has(part, "source docs")) << part;
  EXPECT_TRUE(has(part, "2.1250")) << part;
  EXPECT_TRUE(has(part, "+0.2500 (+0.2500 to +0.2500)")) << part;
  EXPECT_TRUE(has(part, "<svg")) << part;
  StudyFolder none = study();
  for (RunOfStudy& run : none.runs) {
    run.test->metrics = {{"test.loss", 2}};
    run.log.clear();
  }
  EXPECT_EQ(slices_part(none), "");
}
}  // namespace
}  // namespace cambium::slices_report_test
