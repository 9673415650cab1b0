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
// 769 more. Res2Net's is counted from its paper's layers, which says 25.7 million, the Perceiver's
// from its own sizes.
TEST(PublishedModels, HaveThePublishedNumberOfParameters) {
  const Published models[] = {{"resnet50", 25'557'032},
                              {"convnext_tiny", 28'589'128},
                              {"mobilenet_v3_large", 5'483'032},
                              {"vit_b16", 86'567'656},
                              {"squeezenet1_1", 1'235'496},
                              {"resnext50", 25'028'904},
                              {"densenet121", 7'978'856},
                              {"regnet_y_400mf", 4'344'144},
                              {"efficientnet_b0", 5'288'548},
                              {"shufflenet_v2", 2'278'604},
                              {"googlenet", 6'624'904},
                              {"res2net50", 25'699'120},
                              {"bert_base", 109'482'240 + 2 * 769},
                              {"gpt2_small", 124'439'808},
                              {"llama_stories15m", 15'191'712},
                              {"mamba_130m", 129'135'360},
                              {"lstm_lm", 19'780'400},
                              {"cct_2_3x2", 283'723 - 1},
                              {"t5_small_like", 60'506'624},
                              {"mlp_mixer_b16", 59'880'472},
                              {"resmlp_s12", 15'350'872},
                              {"vim_tiny", 7'148'008},
                              {"perceiver_fashion", 95'562}};
  for (const auto& [name, parameters] : models)
    EXPECT_EQ(parameters_of(open_experiment(
                  load_spec(str(CAMBIUM_SOURCE_DIR "/configs/models/", name, ".yaml")))),
              parameters)
        << name;
}

struct Sized {
  const char* name;
  std::vector<std::string> set;
  int64_t parameters;
};

// Counted by hand. Qwen3-0.6B and DeepSeek-V2-Lite are the counts of their published weights:
//   Qwen3: V C + L (2 H D C + 2 G D C + 2 D + 3 C I + 2 C) + C
//     151936 * 1024 + 28 * (2 * 2048 * 1024 + 2 * 1024 * 1024 + 256 + 3 * 1024 * 3072 + 2048) +
//     1024 4096 * 128 + 4 * (2 * 256 * 128 + 2 * 128 * 128 + 128 + 3 * 128 * 384 + 256) + 128
//   DeepSeek-V2: 2 V C + C + 3 C I + L (H (N + R) C + (L' + R) C + L' + H (N + V') L' + H V' C + 2
//   C)
//     + (L - 1) (E C + 3 E C I' + 3 C S)
//     attention of the small one 13824 + 5760 + 48 + 9216 + 9216, experts 768 + 147456 + 18432
//   Griffin: recurrent 12416 + 640 + 2 * 4224 + 128 + 12416 + 12384, attention 24576, ffn 82944,
//   and
//     96 of each one's norm; 2 * (2 R + A + 3 F) and 96 * (32 + 1 + 32)
//   Samba: mamba 68160, attention 27648, ffn 55296; 2 * (M + A + 2 F) and 96 * (32 + 1 + 32)
TEST(PublishedModels, OfALikeLayoutHaveTheNumberOfTheirSizes) {
  const std::vector<Sized> models = {
      {"qwen3_like", {}, 1'508'992},
      {"qwen3_like",
       {"vars.vocab=151936", "vars.dim=1024", "vars.layers=28", "vars.heads=16", "vars.kv_heads=8",
        "vars.head_dim=128", "vars.inner=3072"},
       596'049'920},
      {"deepseek_v2_like", {}, 923'424},
      {"deepseek_v2_like",
       {"vars.vocab=102400", "vars.dim=2048", "vars.layers=27", "vars.heads=16", "vars.kv_rank=512",
        "vars.key_dim=128", "vars.rope_dim=64", "vars.value_dim=128", "vars.inner=10944",
        "vars.experts=64", "vars.chosen=6", "vars.expert=1408", "vars.shared=2816"},
       15'706'484'224},
      {"griffin_like", {}, 739'936},
      {"samba_like", {}, 419'808}};
  for (const auto& [name, set, parameters] : models)
    EXPECT_EQ(parameters_of(open_experiment(
                  load_spec(str(CAMBIUM_SOURCE_DIR "/configs/models/", name, ".yaml"), set))),
              parameters)
        << name << (set.empty() ? "" : " of the published size");
}
}  // namespace
}  // namespace cambium::configs_test
