// CTC against PyTorch, against every path written out, and where no path exists.
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "places.h"
#include "tests/support/op_case.h"

namespace cambium::ctc_test {
namespace {
const Op& op(std::string_view name) {
  return **std::ranges::find(builtin_ops(), name, [](const Op* o) { return o->name; });
}

Engine& engine() {
  static Engine e;
  return e;
}

// One use of ctc, ctc_grad (scored and dloss 1) or ctc_errors on given numbers.
struct Given {
  Shape shape;  // of the logits
  std::vector<double> x;
  std::vector<std::vector<int32_t>> targets;
  Args args = {};
  std::vector<std::vector<double>> mask = {};  // empty: without one

  OpCase of(std::string_view name) const {
    const Shape target{shape[0], int64_t(targets.at(0).size())};
    std::vector<SampleInput> inputs = {shape, {DType::kI32, target}};
    if (name == "ctc_grad")
      for (const Shape& s : {Shape{shape[0], shape[1]}, Shape{}, Shape{}}) inputs.emplace_back(s);
    const size_t masked = inputs.size();
    if (!mask.empty()) inputs.emplace_back(Shape{int64_t(mask.size()), int64_t(mask[0].size())});
    OpCase c(op(name), {inputs, args});
    for (size_t i = 0; i < x.size(); ++i) set(c, 0, i, x[i]);
    for (size_t i = 0; i < targets.size(); ++i)
      for (size_t j = 0; j < targets[i].size(); ++j) {
        c.tensors[1].i32()[i * targets[i].size() + j] = targets[i][j];
        c.data[1].data[i * targets[i].size() + j] = targets[i][j];
      }
    for (size_t i = 0; i < mask.size(); ++i)
      for (size_t j = 0; j < mask[i].size(); ++j)
        set(c, masked, i * mask[i].size() + j, mask[i][j]);
    return c;
  }

  // Only the first `frames` of each example, without a mask.
  Given cut(int64_t frames) const {
    Given out{.shape = {shape[0], frames, shape[2]}, .targets = targets, .args = args};
    for (int64_t b = 0; b < shape[0]; ++b)
      for (int64_t i = 0; i < frames * shape[2]; ++i)
        out.x.push_back(x[size_t(b * shape[1] * shape[2] + i)]);
    return out;
  }

  // ctc_grad with what ctc saves.
  OpCase gradient() const {
    OpCase c = of("ctc_grad"), loss = of("ctc");
    const std::vector<Ref> saved = loss.reference();
    for (int64_t i = 0; i < saved[1].size(); ++i) set(c, 2, size_t(i), saved[1][i]);
    set(c, 3, 0, saved[2][0]);
    set(c, 4, 0, 1);
    return c;
  }

  static void set(OpCase& c, size_t input, size_t at, double value) {
    c.tensors[input].f32()[at] = float(value);
    c.data[input].data[at] = value;
  }
};

std::vector<Tensor> run(OpCase& c) {
  return c.run(op(c.graph.node(c.out[0].node).kind()).kernel(c.call(), engine()));
}

struct Golden {
  Given given;
  double loss = 0;
  std::vector<double> gradient;
};

std::vector<Golden> read_golden() {
  std::ifstream in(CAMBIUM_SOURCE_DIR "/tests/golden/ctc.txt");
  std::vector<Golden> all;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream text(line);
    int64_t frames = 0, classes = 0, blank = 0;
    size_t most = 0;
    std::string per;
    text >> frames >> classes >> blank >> per >> most;
    Golden g;
    for (int32_t id = 0; text >> id;) {
      if (g.given.targets.empty() || g.given.targets.back().size() == most)
        g.given.targets.emplace_back();
      g.given.targets.back().push_back(id);
    }
    g.given.shape = {int64_t(g.given.targets.size()), frames, classes};
    g.given.args = {{"blank", blank}, {"per", per}};
    for (int64_t b = 0; b < g.given.shape[0]; ++b)
      for (int64_t t = 0; t < frames; ++t)
        for (int64_t v = 0; v < classes; ++v)
          g.given.x.push_back(
              2 * std::sin(1 + 1.7 * double(b) + 0.9 * double(t) + 2.3 * double(v)) +
              std::cos(double(t * v) / 3));
    std::getline(in, line);
    g.loss = std::stod(line);
    std::getline(in, line);
    std::istringstream numbers(line);
    for (double d = 0; numbers >> d;) g.gradient.push_back(d);
    all.push_back(std::move(g));
  }
  return all;
}

TEST(Ctc, IsThatOfPyTorch) {
  const std::vector<Golden> golden = read_golden();
  ASSERT_EQ(golden.size(), 4u);
  for (const Golden& g : golden) {
    OpCase loss = g.given.of("ctc"), gradient = g.given.gradient();
    EXPECT_NEAR(loss.reference()[0][0], g.loss, 1e-10);
    EXPECT_NEAR(run(loss)[0].f32()[0], g.loss, 2e-6);
    const Ref exact = gradient.reference()[0];
    const std::vector<Tensor> fast = run(gradient);
    ASSERT_EQ(exact.size(), int64_t(g.gradient.size()));
    for (size_t i = 0; i < g.gradient.size(); ++i) {
      EXPECT_NEAR(exact[int64_t(i)], g.gradient[i], 1e-8);
      EXPECT_NEAR(fast[0].f32()[i], g.gradient[i], 2e-6);
    }
  }
}

// What a path of classes says: repeats joined, then blanks dropped.
std::vector<int32_t> said(const std::vector<int32_t>& path, int32_t blank) {
  std::vector<int32_t> out;
  for (size_t t = 0; t < path.size(); ++t)
    if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) out.push_back(path[t]);
  return out;
}

TEST(Ctc, SumsOverEveryPath) {
  constexpr int64_t kFrames = 6, kClasses = 3;
  Given g{.shape = {1, kFrames, kClasses}};
  Random random(3);
  for (int64_t i = 0; i < kFrames * kClasses; ++i) g.x.push_back(random.normal());
  std::map<std::vector<int32_t>, double> probability;
  std::vector<int32_t> path(kFrames, 0);
  for (int64_t number = 0; number < 729; ++number) {  // 3^6
    double log_p = 0;
    for (int64_t t = 0, rest = number; t < kFrames; ++t, rest /= kClasses) {
      const double* x = g.x.data() + t * kClasses;
      path[size_t(t)] = int32_t(rest % kClasses);
      log_p += x[rest % kClasses] - std::log(std::exp(x[0]) + std::exp(x[1]) + std::exp(x[2]));
    }
    probability[said(path, 1)] += std::exp(log_p);
  }
  double covered = 0;
  for (const auto& [symbols, p] : probability) {
    if (symbols.empty()) continue;
    g.targets = {symbols};
    g.args = {{"blank", 1}, {"per", "example"}};
    OpCase c = g.of("ctc");
    EXPECT_NEAR(c.reference()[0][0], -std::log(p), 1e-12);
    EXPECT_NEAR(run(c)[0].f32()[0], -std::log(p), 1e-5);
    covered += p;
  }
  EXPECT_GT(probability.size(), 20u);
  EXPECT_LT(covered, 1);
}

// Two symbols fit two frames unless they are equal; the blank and unknown ids are no symbols.
TEST(Ctc, LeavesOutWhatNoPathCanSay) {
  Given g{.shape = {6, 2, 3}, .targets = {{1, 2}, {1, 1}, {1, 0}, {1, 3}, {-1, 2}, {2, -1}}};
  for (int i = 0; i < 36; ++i) g.x.push_back(std::sin(i));
  OpCase all = g.of("ctc"), slope = g.gradient();
  const std::vector<Tensor> out = run(all);
  EXPECT_EQ(out[2].f32()[0], 2);  // the first and the last
  EXPECT_NEAR(out[0].f32()[0], all.reference()[0][0], 1e-6);
  const std::vector<Tensor> gradient = run(slope);
  for (size_t i = 0; i < 36; ++i) {
    const bool scored = i < 6 || i >= 30;
    EXPECT_EQ(gradient[0].f32()[i] != 0, scored) << i;
    EXPECT_TRUE(std::isfinite(gradient[0].f32()[i]));
  }
  Given alone{.shape = {2, 2, 3}, .x = std::vector<double>(12, 0.5), .targets = {{1, 1}, {2, 2}}};
  OpCase none = alone.of("ctc"), flat = alone.gradient();
  EXPECT_EQ(run(none)[0].f32()[0], 0);
  EXPECT_EQ(run(none)[2].f32()[0], 0);
  const std::vector<Tensor> zeros = run(flat);
  for (const float d : zeros[0].f32()) EXPECT_EQ(d, 0);
}

// Probabilities far below the least float: 3000 frames, each sure of something else.
TEST(Ctc, LongAndImprobableSequencesStayFinite) {
  Given g{.shape = {1, 3000, 4}, .targets = {{}}, .args = {{"per", "example"}}};
  for (int i = 0; i < 12000; ++i) g.x.push_back(i % 4 == 3 ? 30 : 3 * std::sin(i * 0.37));
  for (int i = 0; i < 200; ++i) g.targets[0].push_back(1 + i % 2);
  OpCase c = g.of("ctc"), slope = g.gradient();
  const double exact = c.reference()[0][0];
  EXPECT_GT(exact, 80'000);
  EXPECT_NEAR(run(c)[0].f32()[0] / exact, 1, 1e-6);
  const Ref gradient = slope.reference()[0];
  const std::vector<Tensor> fast = run(slope);
  for (int64_t i = 0; i < gradient.size(); ++i)
    ASSERT_NEAR(fast[0].f32()[size_t(i)], gradient[i], 2e-4) << i;
}

// Two examples of 9 frames, of which 5 are real by the mask.
Given padded(std::vector<double> mask) {
  Given g{.shape = {2, 9, 3}, .targets = {{1, 2, 1}, {2, 2, -1}}, .mask = {mask, mask}};
  for (int i = 0; i < 54; ++i) g.x.push_back(2 * std::sin(i * 1.3));
  return g;
}

const std::vector<double> kFiveOfNine = {1, 1, 1, 1, 1, 0, 0, 0, 0};

TEST(Ctc, FramesBehindTheMaskAreAsIfTheyWereNotThere) {
  const Given g = padded(kFiveOfNine), five = g.cut(5);
  OpCase masked = g.of("ctc"), alone = five.of("ctc");
  const double loss = alone.reference()[0][0];
  EXPECT_NEAR(masked.reference()[0][0], loss, 1e-12);
  EXPECT_NEAR(run(masked)[0].f32()[0], loss, 1e-6);
  OpCase slope = g.gradient(), slope_alone = five.gradient();
  const Ref wanted = slope_alone.reference()[0], exact = slope.reference()[0];
  const std::vector<Tensor> fast = run(slope);
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t i = 0; i < 27; ++i) {
      const double d = i < 15 ? wanted[b * 15 + i] : 0;
      EXPECT_NEAR(exact[b * 27 + i], d, 1e-12);
      EXPECT_NEAR(fast[0].f32()[size_t(b * 27 + i)], d, 1e-6);
    }
}

// 4 of 7 places are real, so 6 of 9 frames: 5.14 rounded up.
TEST(Ctc, AModelMayHaveJoinedTheFramesOfTheMask) {
  const Given g = padded({1, 1, 1, 1, 0, 0, 0});
  OpCase masked = g.of("ctc"), six = g.cut(6).of("ctc");
  EXPECT_NEAR(masked.reference()[0][0], six.reference()[0][0], 1e-12);
  EXPECT_NEAR(run(masked)[0].f32()[0], six.reference()[0][0], 1e-6);
}

// 2 2 takes three frames, 1 2 1 too; the mask leaves the examples two and three.
TEST(Ctc, LeavesOutWhatTheRealFramesCannotSay) {
  Given g = padded({1, 1, 1, 0, 0, 0, 0, 0, 0});
  g.mask[1][2] = 0;
  OpCase c = g.of("ctc"), slope = g.gradient();
  EXPECT_EQ(run(c)[2].f32()[0], 1);
  EXPECT_EQ(c.reference()[2][0], 1);
  const std::vector<Tensor> gradient = run(slope);
  for (size_t i = 0; i < 54; ++i) EXPECT_EQ(gradient[0].f32()[i] != 0, i < 9) << i;
}

TEST(Ctc, RefusesAMaskOfAnotherBatch) {
  Given g = padded(kFiveOfNine);
  g.mask.pop_back();
  for (const char* name : {"ctc", "ctc_errors", "ctc_grad"}) {
    try {
      g.of(name);
      ADD_FAILURE() << name;
    } catch (const UserError& e) {
      EXPECT_NE(std::string(e.what()).find("the mask is [1,9], logits [2,9,3] need [2,M] with M > "
                                           "0"),
                std::string::npos)
          << e.what();
    }
  }
}

TEST(CtcErrors, FramesBehindTheMaskSayNothing) {
  Given g{.shape = {1, 5, 3}, .targets = {{1, 2}}, .mask = {{1, 1, 1, 0, 0}}};
  for (const int b : {1, 0, 2, 1, 2})
    for (int v = 0; v < 3; ++v) g.x.push_back(v == b ? 1 : 0);
  OpCase c = g.of("ctc_errors");
  const std::vector<Tensor> out = run(c);
  EXPECT_EQ(out[0].f32()[0], 0);
  EXPECT_EQ(out[2].f32()[0], 1);
  g.mask.clear();
  OpCase all = g.of("ctc_errors");
  EXPECT_EQ(run(all)[0].f32()[0], 2);
}

TEST(CtcErrors, CountsTheEditsOfGreedyAnswers) {
  // Greedy: 1 1 _ 1 2 -> 1 1 2; _ _ _ _ _ -> nothing; 2 2 2 2 2 -> 2; the last is padding.
  Given g{.shape = {4, 5, 3}, .targets = {{1, 2, -1}, {2, 1, 2}, {2, -1, -1}, {-1, -1, -1}}};
  const int best[4][5] = {{1, 1, 0, 1, 2}, {0, 0, 0, 0, 0}, {2, 2, 2, 2, 2}, {1, 1, 1, 1, 1}};
  for (const auto& row : best)
    for (const int b : row)
      for (int v = 0; v < 3; ++v) g.x.push_back(v == b ? 1 : 0);
  OpCase c = g.of("ctc_errors");
  const std::vector<Tensor> out = run(c);
  const float expected[] = {1 + 3 + 0, 2 + 3 + 1, 1, 3};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(out[i].f32()[0], expected[i]) << i;
}

TEST(Ctc, RefusesABlankThatIsNoClass) {
  const Given g{.shape = {1, 2, 3}, .targets = {{1}}, .args = {{"blank", 3}}};
  for (const char* name : {"ctc", "ctc_errors"}) {
    Given without = g;
    try {
      without.of(name);
      ADD_FAILURE() << name;
    } catch (const UserError& e) {
      EXPECT_NE(std::string(e.what()).find("blank = 3 is none of 3 classes"), std::string::npos)
          << e.what();
    }
  }
}
}  // namespace
}  // namespace cambium::ctc_test
