// What a study says of time, with runs as processes.
#include "core/system/files.h"
#include "places.h"
#include "search/runs/compare.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::study_times_test {
namespace {
// Two at a time. An interval misses in one of twenty studies, three in a row in one of eight
// thousand.
TEST(SlowStudyTimes, IdenticalNetworksTakeEqualTimes) {
  const test::TempFolder folder;
  replace_file(folder.path("model.yaml"), test::markov_spec("{batch: 8, steps: 4, log_every: 5}"));
  replace_file(folder.path("study.yaml"),
               "base: model.yaml\nvariants: {a: {}, b: {}}\nmetric: {val.loss: min}\nseeds: 5\n"
               "budget: {seconds: 0.4}\nevaluations: 2\n");
  bool covered = false;
  for (int attempt = 0; attempt < 3 && !covered; ++attempt) {
    const std::string out = folder.path(str("study", attempt));
    StudyProgress silent;
    const Comparison c =
        compare(load_study(folder.path("study.yaml")),
                {.folder = out, .jobs = 2, .program = CAMBIUM_BINARY_DIR "/cambium"}, silent);
    ASSERT_TRUE(c.results.complete);
    const auto& ratio = c.results.rows[1].time_ratio;
    ASSERT_TRUE(ratio && ratio->interval);
    covered = !ratio->is_clear();
    EXPECT_FALSE(file_exists(out + "/timing")) << "files of the measurement are left";
  }
  EXPECT_TRUE(covered);
}
}  // namespace
}  // namespace cambium::study_times_test
