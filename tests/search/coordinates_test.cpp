#include "search/coordinates/coordinates.h"

#include <cmath>

#include "search/coordinates/block_outputs.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::coordinates_test {
namespace {
using test::open_text;
using test::TempFolder;

std::string with_rule(const std::string& data, const std::string& model, bool mup,
                      const std::string& optimizer = "{adamw: {lr: 4e-3, weight_decay: 0.1}}") {
  return str("vars: {dim: 32}\n", data, "model:\n", model,
             mup ? "parameterisation: {mup: {base: {vars.dim: 32}}}\n" : "",
             "train: {batch: 8, steps: 10, optimizer: ", optimizer, "}\n");
}

CoordinateCheck check(const std::string& text, int64_t steps = 5) {
  const TempFolder folder;
  replace_file(folder.path("spec.yaml"), text);
  return check_coordinates(
      load_spec(folder.path("spec.yaml")),
      {.vary = "vars.dim", .sizes = {32, 64, 128, 256}, .steps = steps, .seeds = 2});
}

constexpr const char* kText =
    "data: {markov_text: {symbols: 8, order: 1, context: 16, train: 64, val: 8, test: 8}}\n";
constexpr const char* kTransformer =
    "  - embed: {dim: $dim, std: 0.5}\n"
    "  - residual: [{norm: rms}, {attention: {heads: 2, causal: true}}]\n"
    "  - residual: [{norm: rms}, {ffn: 2}]\n"
    "  - linear: $classes\n";

TEST(Coordinates, ATransformersChangesDoNotGrowUnderMup) {
  const CoordinateCheck c = check(with_rule(kText, kTransformer, true));
  EXPECT_LE(c.worst, 0.1) << c.worst_path;
  EXPECT_EQ(c.verdict, SlopeVerdict::kPasses);
  EXPECT_EQ(c.parameterisation, "mup");
  std::vector<std::string> paths;
  for (const LayerChange& l : c.layers) paths.push_back(l.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"embed", "residual.norm", "residual.attention",
                                             "residual", "residual_2.norm", "residual_2.ffn",
                                             "residual_2", "linear"}));
}

TEST(Coordinates, ATransformersChangesGrowInTheStandardForm) {
  const CoordinateCheck c = check(with_rule(kText, kTransformer, false));
  EXPECT_EQ(c.verdict, SlopeVerdict::kFails);
  EXPECT_GE(c.worst, 0.3) << c.worst_path;
}

TEST(Coordinates, GradientDescentToo) {
  const char* const sgd = "{sgd: {lr: 0.1}}";
  EXPECT_LE(check(with_rule(kText, kTransformer, true, sgd)).worst, 0.1);
}

TEST(Coordinates, AConvolutionalNetworksChangesDoNotGrowUnderMup) {
  const std::string data = "data: {bars_and_shapes: {size: 12, train: 32, val: 8, test: 8}}\n";
  const std::string model =
      "  - conv2d: {width: $dim, kernel: 3, stride: 2}\n"
      "  - convnext: {kernel: 3, expand: 2, layer_scale: 0}\n"
      "  - residual_conv: {width: $dim, stride: 2}\n"
      "  - pool: mean\n"
      "  - linear: $classes\n";
  const CoordinateCheck c = check(with_rule(data, model, true), 3);
  EXPECT_LE(c.worst, 0.1) << c.worst_path;
}

TEST(Coordinates, AGraphNetworksChangesDoNotGrowUnderMup) {
  const std::string data =
      "data: {block_model: {nodes: 20, communities: 4, train: 32, val: 8, test: 8}}\n";
  const std::string model =
      "  - linear: $dim\n"
      "  - gin: {width: $dim, norm: layer}\n"
      "  - gat: {width: \"${dim / 2}\", heads: 2, activation: elu}\n"
      "  - graph_transformer: {heads: 2}\n"
      "  - linear: $classes\n";
  const CoordinateCheck c =
      check(with_rule(data, model, true, "{adamw: {lr: 2e-3, weight_decay: 0.1}}"));
  EXPECT_LE(c.worst, 0.1) << c.worst_path;
}

// Against least squares written out.
TEST(Coordinates, SlopesAreThoseOfTheChange) {
  const CoordinateCheck c = check(with_rule(kText, kTransformer, false), 1);
  const LayerChange& l = c.layers.back();
  ASSERT_EQ(l.change.size(), 1u);
  double mx = 0, my = 0, xy = 0, xx = 0;
  for (size_t i = 0; i < 4; ++i) {
    mx += double(i) / 4;
    my += std::log2(l.change[0][i]) / 4;
  }
  for (size_t i = 0; i < 4; ++i) {
    xy += (double(i) - mx) * (std::log2(l.change[0][i]) - my);
    xx += (double(i) - mx) * (double(i) - mx);
    EXPECT_LE(l.low[i], l.change[0][i]);
    EXPECT_GE(l.high[i], l.change[0][i]);
  }
  EXPECT_NEAR(l.slopes[0], xy / xx, 1e-9);
}

TEST(Coordinates, SizesAndWhatVariesAreChecked) {
  const TempFolder folder;
  replace_file(folder.path("spec.yaml"), with_rule(kText, kTransformer, false));
  const Spec spec = load_spec(folder.path("spec.yaml"));
  const auto error = [&](const CoordinateSettings& s) -> std::string {
    try {
      check_coordinates(spec, s);
    } catch (const UserError& e) {
      return str(e.what(), "; ", e.help);
    }
    return "no error";
  };
  EXPECT_EQ(error({.vary = "", .sizes = {8, 16}}),
            "which size is to vary is not said; name its path: --vary vars.dim");
  const std::string sizes =
      "a slope needs two or more different sizes, each at least 1; write --widths 32,64,128,256";
  EXPECT_EQ(error({.vary = "vars.dim", .sizes = {8}}), sizes);
  EXPECT_EQ(error({.vary = "vars.dim", .sizes = {8, 8}}), sizes);
  EXPECT_EQ(error({.vary = "vars.dim", .sizes = {0, 8}}), sizes);
}
}  // namespace
}  // namespace cambium::coordinates_test
