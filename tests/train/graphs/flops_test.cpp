// FLOPs of published models: docs/flops.md.
#include "graph/cost.h"
#include "places.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"

namespace cambium::flops_test {
namespace {
Experiment published(const std::string& name) {
  return open_experiment(load_spec(str(CAMBIUM_SOURCE_DIR "/configs/models/", name, ".yaml")));
}

// Multiply-adds of an example, forward, 224 x 224: what torchvision 0.15 states beside the weights
// of the same models (they are called GFLOPS there), to its three digits.
TEST(PublishedFlops, AreTwiceTheStatedMultiplyAdds) {
  const std::pair<const char*, double> models[] = {
      {"resnet50", 4.089e9},           {"vit_b16", 17.564e9},       {"convnext_tiny", 4.456e9},
      {"mobilenet_v3_large", 0.217e9}, {"squeezenet1_1", 0.349e9},  {"resnext50", 4.230e9},
      {"densenet121", 2.834e9},        {"regnet_y_400mf", 0.402e9}, {"efficientnet_b0", 0.386e9},
      {"shufflenet_v2", 0.145e9},      {"googlenet", 1.498e9}};
  for (const auto& [name, macs] : models) {
    const StepCost cost = step_cost(published(name));
    EXPECT_NEAR(cost.forward_products_per_example / (2 * macs), 1, 0.003) << name;
    EXPECT_GT(cost.forward_flops_per_example, cost.forward_products_per_example) << name;
  }
}

// Kaplan et al. 2020, arXiv 2001.08361, section 2.1: 6 FLOPs a token for each weight of a matrix,
// and 12 layers x 12 width for each token that is seen; with a causal mask half of them are.
TEST(PublishedFlops, OfGpt2FollowTheRuleOfSix) {
  const Experiment e = published("gpt2_small");
  const double weights = 12 * 12 * 768.0 * 768 + 50257 * 768.0, seen = (1 + 1024) / 2.0;
  const double token = 6 * weights + 12 * 12 * 768.0 * seen;
  const double tokens = 1024.0 * double(e.train.options.batch);
  EXPECT_NEAR(step_cost(e).products_per_step / (tokens * token), 1, 1e-9);
}

TEST(StepCost, SetsProductsApart) {
  const test::TempFolder folder;
  const auto cost = [&](const std::string& train) {
    return step_cost(test::open_text(folder, test::markov_spec(train)));
  };
  const StepCost one = cost("{batch: 8, steps: 4}");
  EXPECT_GT(one.products_per_step, 0);
  EXPECT_LT(one.products_per_step, one.flops_per_step);
  const StepCost two = cost("{batch: 8, steps: 4, accumulate: 2}");
  EXPECT_DOUBLE_EQ(two.products_per_step, 2 * one.products_per_step);
  // The matrices of Newton-Schulz belong to the step, too.
  EXPECT_GT(cost("{batch: 8, steps: 4, optimizer: muon}").products_per_step, one.products_per_step);
}
}  // namespace
}  // namespace cambium::flops_test
