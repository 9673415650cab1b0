// What `cambium scale --coordinate-check` and `show` say of a parameterisation.
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::coordinates_test {
namespace {
std::string spec(const std::string& rule) {
  return str(
      "vars: {dim: 16, layers: 2}\n",
      "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 8, test: 8}}\n",
      "model:\n  - embed: {dim: $dim, std: 0.5}\n  - repeat: $layers\n    body:\n      - "
      "residual: [{norm: rms}, {ffn: 2}]\n  - linear: $classes\n",
      rule, "train: {batch: 8, steps: 4, optimizer: {adamw: {lr: 0.02}}}\n");
}

constexpr const char* kMup = "parameterisation: {mup: {base: {vars.dim: 8}}}\n";

struct Checked {
  test::Ran ran;
  std::string json, svg;
};

Checked check(const std::string& rule, std::vector<std::string> more = {}) {
  const test::TempFolder folder;
  const std::string file = folder.path("s.yaml");
  replace_file(file, spec(rule));
  more.insert(more.begin(), {"scale", "--coordinate-check", file, "--widths", "16,32,64",
                             "--check-steps", "3", "--check-seeds", "1", "-o", folder.path("out")});
  Checked c{test::run_words(more)};
  if (file_exists(folder.path("out/coordinates.json"))) {
    c.json = read_file(folder.path("out/coordinates.json"));
    c.svg = read_file(folder.path("out/coordinates.svg"));
  }
  return c;
}

TEST(CoordinateCheck, SaysInTextJsonAndAPictureWhatGrows) {
  const Checked good = check(kMup), bad = check("", {"--vary", "vars.dim"});
  EXPECT_EQ(good.ran.code, 0) << good.ran.out << good.ran.err;
  EXPECT_NE(
      good.ran.out.find("coordinate check of the parameterisation mup: vars.dim = 16, 32, 64"),
      std::string::npos)
      << good.ran.out;
  EXPECT_NE(good.ran.out.find("passes: no change grows faster than vars.dim ^ 0.1"),
            std::string::npos);
  EXPECT_EQ(bad.ran.code, 1);
  EXPECT_NE(bad.ran.out.find("fails: changes grow faster than vars.dim ^ 0.1"), std::string::npos)
      << bad.ran.out;
  const Json json = parse_json(good.json, "json");
  EXPECT_EQ(json.at("verdict"), "passes");
  EXPECT_EQ(json.at("sizes"), Json({16, 32, 64}));
  EXPECT_EQ(json.at("layers").back().at("path"), "linear");
  EXPECT_EQ(json.at("layers").back().at("slopes").size(), 3u);
  EXPECT_NE(good.svg.find("<svg"), std::string::npos);
  EXPECT_NE(good.svg.find("linear"), std::string::npos);
}

TEST(CoordinateCheck, WhatChangesNoSizeIsRefused) {
  const test::Ran none = check(kMup, {"--vary", "vars.dimm"}).ran;
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.err.find("the spec has no variable 'dimm'"), std::string::npos) << none.err;
  EXPECT_NE(none.err.find("did you mean 'vars.dim'?"), std::string::npos) << none.err;
  const test::Ran seed = check(kMup, {"--vary", "train.eval_every"}).ran;
  EXPECT_EQ(seed.code, 1);
  EXPECT_NE(
      seed.err.find("nothing of the model is of another size at train.eval_every = 32 than at 16"),
      std::string::npos)
      << seed.err;
}

TEST(CoordinateCheck, WidthsAreWholeNumbers) {
  const test::TempFolder folder;
  replace_file(folder.path("s.yaml"), spec(kMup));
  for (const char* widths : {"16,x", "16,", "-4,8", "99999999999"}) {
    const test::Ran ran =
        test::run_words({"scale", "--coordinate-check", folder.path("s.yaml"), "--widths", widths});
    EXPECT_NE(ran.code, 0);
    EXPECT_NE(ran.err.find(str("in --widths ", widths, " is no whole number")), std::string::npos)
        << ran.err;
  }
}

TEST(Show, TellsWhatTheParameterisationDoesWithEachWeight) {
  const test::TempFolder folder;
  replace_file(folder.path("s.yaml"), spec(kMup));
  const test::Ran ran = test::run_words({"show", folder.path("s.yaml")});
  EXPECT_NE(ran.out.find("mup, over what it is at the base sizes"), std::string::npos) << ran.out;
  EXPECT_NE(
      ran.out.find("repeat.*.residual.ffn.up.weight    matrix   0.7071          1   0.5      2"),
      std::string::npos)
      << ran.out;
  EXPECT_NE(
      ran.out.find("linear.weight                      readout       1        0.5     1      1"),
      std::string::npos)
      << ran.out;
  replace_file(folder.path("s.yaml"), spec(""));
  EXPECT_EQ(test::run_words({"show", folder.path("s.yaml")}).out.find("base sizes"),
            std::string::npos);
}
}  // namespace
}  // namespace cambium::coordinates_test
