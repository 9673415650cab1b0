// Every file of configs/studies is parsed and planned: variants built, widths found, steps counted.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/system/files.h"
#include "data/assembly/build.h"
#include "ops/support/bf16.h"
#include "places.h"
#include "search/ladder/ladder_plan.h"
#include "search/mixtures/study/mix_plan.h"
#include "search/study/study_plan.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::configs_test {
namespace {
std::vector<std::string> study_files() {
  std::vector<std::string> files;
  for (const auto& f : std::filesystem::directory_iterator(CAMBIUM_SOURCE_DIR "/configs/studies"))
    if (f.path().extension() == ".yaml") files.push_back(f.path().string());
  std::ranges::sort(files);
  return files;
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}

class StudyConfig : public ::testing::TestWithParam<std::string> {};

void plan_the_ladder(const Study& study) {
  const LadderPlan plan = plan_ladder(study);
  EXPECT_EQ(plan.rungs.size(), study.variants.size() * size_t(study.scale->sizes));
  EXPECT_EQ(plan.points.size(), plan.rungs.size() * study.scale->lengths.size());
  for (const LadderPoint& p : plan.points) EXPECT_GT(p.planned.steps, 20) << p.planned.name;
}

// On a corpus with the sources that it names.
void plan_the_mixtures(const std::string& file, const Study& study) {
  const test::TempFolder folder;
  std::string sources;
  for (const auto& [metric, weight] : study.mix->target) {
    const std::string name = metric.substr(metric.rfind('.') + 1);
    std::string text;
    for (int i = 0; i < 400; ++i) text += str(name, " says ", i * 7919, " and so on\n");
    replace_file(folder.path(name), text);
    sources +=
        str(sources.empty() ? "" : ", ", name, ": {path: ", folder.path(name), ", split: line}");
  }
  replace_file(folder.path("recipe.yaml"),
               str("sources: {", sources, "}\nsplit: {val: 10%, test: 10%}\n"));
  build_corpus(load_recipe(folder.path("recipe.yaml")), folder.path("corpus"), {});
  const std::vector<std::string> set = {"set.data.corpus.path=" + folder.path("corpus")};
  const MixPlan plan = plan_mixtures(load_study(file, set));
  EXPECT_EQ(plan.mixtures.size(), size_t(study.mix->runs));
  EXPECT_EQ(plan.sources.size(), study.mix->target.size());
  for (const PlannedVariant& v : plan.plan.variants) EXPECT_GT(v.steps, 20) << v.name;
}

TEST_P(StudyConfig, CanBePlanned) {
  const Study study = load_study(GetParam());
  // Studies of precision are for machines that have both.
  if (!has_bf16_products() && read_file(GetParam()).find("bf16") != std::string::npos)
    return (void)test::error_of<RuntimeError>([&] { plan_study(study); });
  if (study.mix) return plan_the_mixtures(GetParam(), study);
  if (study.scale) return plan_the_ladder(study);
  const StudyPlan plan = plan_study(study);
  EXPECT_EQ(plan.variants.size(), study.variants.size());
  for (const PlannedVariant& v : plan.variants) {
    EXPECT_GT(v.steps, 1) << v.name;
    if (v.match) {
      EXPECT_LE(std::abs(v.match->deviation()), study.match->tolerance) << v.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Studies, StudyConfig, ::testing::ValuesIn(study_files()), name_of);
}  // namespace
}  // namespace cambium::configs_test
