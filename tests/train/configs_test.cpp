// Every file of configs/models is parsed, built, compiled and trained for one step, in two of its
// layers where it has more: whole, each is trained where its memory is measured.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "graph/cost.h"
#include "ops/support/dnnl.h"
#include "places.h"
#include "tests/support/data/config_data.h"
#include "train/run/session.h"

namespace cambium::configs_test {
namespace {
std::vector<std::string> model_files() {
  std::vector<std::string> files;
  for (const auto& f : std::filesystem::directory_iterator(CAMBIUM_SOURCE_DIR "/configs/models"))
    if (f.path().extension() == ".yaml") files.push_back(f.path().string());
  std::ranges::sort(files);
  return files;
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}

// The config on a small batch, and noise no larger than it must be; none where its data is not
// there.
std::optional<Experiment> open_small(const std::string& file) {
  const Spec spec = load_spec(file);
  auto set = test::data_overrides(spec);
  if (!set) return std::nullopt;
  const Yaml* data = spec.section("data");
  const bool one_graph = data->find("planetoid") || data->find("planted_links");
  if (!one_graph) set->push_back("train.batch=2");
  if (const Yaml* vars = spec.section("vars"); vars && vars->find("layers"))
    set->push_back("vars.layers=2");
  if (data->find("random_images"))
    for (const char* side : {"height", "width"})
      set->push_back(str("data.random_images.", side, "=64"));
  if (data->find("random_tokens")) set->push_back("data.random_tokens.context=64");
  return open_experiment(load_spec(file, *set));
}

int64_t parameters_of(const Experiment& e) {
  return total_cost(model_graph(e, 1, true)).parameters;
}

class Config : public ::testing::TestWithParam<std::string> {};

TEST_P(Config, TrainsOneStep) {
  const std::optional<Experiment> e = open_small(GetParam());
  if (!e) return;
  Session session(*e, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(slow_kernels(session.executors()[0]->plan()), std::vector<std::string>{});
  session.start(0);
  const StepOutcome out = session.step(1);
  EXPECT_TRUE(std::isfinite(out.loss));
  EXPECT_GT(out.grad_norm, 0);
  const Metrics m = session.evaluate_on(Split::kValidation, 1);
  EXPECT_GT(m.scored, 0);
  EXPECT_TRUE(std::isfinite(m.loss));
}

INSTANTIATE_TEST_SUITE_P(Models, Config, ::testing::ValuesIn(model_files()), name_of);

struct Published {
  const char* name;
  int64_t parameters;
};

// Of the published models, with their heads. CCT's pooling scores have no bias, which a softmax
// takes away. BERT's count is that of the encoder and pooler; the classifier of two labels has 2 *
// 769 more.
TEST(PublishedModels, HaveThePublishedNumberOfParameters) {
  const Published models[] = {{"resnet50", 25'557'032},
                              {"convnext_tiny", 28'589'128},
                              {"mobilenet_v3_large", 5'483'032},
                              {"vit_b16", 86'567'656},
                              {"bert_base", 109'482'240 + 2 * 769},
                              {"gpt2_small", 124'439'808},
                              {"llama_stories15m", 15'191'712},
                              {"mamba_130m", 129'135'360},
                              {"lstm_lm", 19'780'400},
                              {"cct_2_3x2", 283'723 - 1},
                              {"t5_small_like", 60'506'624}};
  for (const auto& [name, parameters] : models)
    EXPECT_EQ(parameters_of(open_experiment(
                  load_spec(str(CAMBIUM_SOURCE_DIR "/configs/models/", name, ".yaml")))),
              parameters)
        << name;
}
}  // namespace
}  // namespace cambium::configs_test
