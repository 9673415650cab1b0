// The table of a study as the terminal shows it.
#include "app/study_view.h"

#include <gtest/gtest.h>

namespace cambium {
namespace {
Comparison two_variants() {
  Comparison c;
  c.plan.study.metric = "val.accuracy";
  c.plan.study.baseline = "a";
  c.results.metric = "test.accuracy";
  for (const char* name : {"a", "b"})
    c.results.rows.push_back({.variant = name, .n = 1, .mean = 0.5});
  return c;
}

TEST(ResultsTable, HasAPublishedColumnWhenTheStudyNamesNumbers) {
  Comparison c = two_variants();
  EXPECT_EQ(results_table(c).find("published"), std::string::npos);
  c.plan.study.published = {{"b", 94.1}};
  const std::string table = results_table(c);
  EXPECT_NE(table.find("published\n"), table.npos) << table;
  EXPECT_NE(table.find(" -\nb "), table.npos) << table;
  EXPECT_NE(table.find("94.10\n"), table.npos) << table;
}
}  // namespace
}  // namespace cambium
