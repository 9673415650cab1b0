// Every search over models that is shipped: what it may propose can be trained.
#include <filesystem>

#include "core/system/files.h"
#include "places.h"
#include "tests/support/data/test_data.h"
#include "tests/support/one_thread.h"
#include "tests/support/search_spaces.h"

namespace cambium::shipped_spaces_test {
namespace {
std::vector<std::string> searches() {
  std::vector<std::string> files;
  for (const char* folder : {"searches", "studies"})
    for (const auto& f :
         std::filesystem::directory_iterator(std::string(CAMBIUM_SOURCE_DIR "/configs/") + folder))
      if (f.path().extension() == ".yaml") {
        const Spec spec = load_spec(f.path().string());
        if (is_search(spec) && !is_table_search(spec)) files.push_back(f.path().string());
      }
  std::ranges::sort(files);
  return files;
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}

class ShippedSpace : public ::testing::TestWithParam<std::string> {};

// build/release/bench/search_spaces draws 10,000.
TEST_P(ShippedSpace, SamplesCanBeTrainedAreDifferentAndEqualInCost) {
  const test::OneThread one;
  ModelSpace models(load_spec(GetParam()));
  const test::SpaceSample s = test::sample_space(models, 200);
  EXPECT_TRUE(s.sampled == 200 || s.exhausted);
  EXPECT_EQ(s.refused, 0) << s.first_refusal;
  EXPECT_EQ(s.repeats, 0);
  EXPECT_LE(s.worst_deviation, 0.02);
  for (const PlannedVariant& base : models.plan_base("base")) EXPECT_GT(base.needed_bytes, 0);
}

INSTANTIATE_TEST_SUITE_P(Searches, ShippedSpace, ::testing::ValuesIn(searches()), name_of);
}  // namespace
}  // namespace cambium::shipped_spaces_test
