// Known results at the edges of the numbers, of reference and kernel alike, and the conventions
// that such numbers show.
#include <map>

#include <gtest/gtest.h>

#include "ops/attention/support/alibi.h"
#include "tests/support/gradcheck.h"

namespace cambium::edge_values_test {
namespace {
using Numbers = std::vector<double>;
constexpr double kInf = HUGE_VAL, kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLowestFloat = std::numeric_limits<float>::lowest();

struct Given {
  SampleInput input;
  Numbers numbers = {};

  Given(const SampleInput& input, Numbers numbers) : input(input), numbers(std::move(numbers)) {}
};

Given floats(const Shape& shape, Numbers numbers) {
  return {SampleInput(shape), std::move(numbers)};
}

Given integers(const Shape& shape, Numbers numbers) {
  return {SampleInput(DType::kI32, shape), std::move(numbers)};
}

// Output `k` of op is `want`, to 1e-6 of it, by its reference and by its kernel.
void expect_result(std::string_view name, const std::vector<Given>& given, const Args& args,
                   const Numbers& want, size_t k = 0) {
  static Engine engine;
  SCOPED_TRACE(name);
  const Op& op = **std::ranges::find(builtin_ops(), name, [](const Op* o) { return o->name; });
  Sample sample;
  for (const Given& g : given) sample.inputs.push_back(g.input);
  sample.args = args;
  OpCase c(op, sample);
  for (size_t i = 0; i < given.size(); ++i)
    for (size_t e = 0; e < given[i].numbers.size(); ++e) c.put(i, int64_t(e), given[i].numbers[e]);
  const Ref truth = c.reference()[k];
  const std::vector<Tensor> results = c.run(op.kernel(c.call(), engine));
  ASSERT_EQ(truth.data.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i)
    for (double x : {truth[int64_t(i)], number_at(results[k], int64_t(i))})
      if (std::isfinite(want[i]))
        EXPECT_NEAR(x, want[i], 1e-6 * std::max(1.0, std::abs(want[i]))) << i;
      else
        EXPECT_TRUE(x == want[i] || (std::isnan(x) && std::isnan(want[i]))) << i << ": " << x;
}

using Exact = long double (*)(long double);

constexpr long double kLog0 = -HUGE_VALL;

// What the operators of one number are, in long double.
const std::map<std::string_view, Exact> kExact = {
    {"cast", [](long double x) { return x; }},
    {"stop_gradient", [](long double x) { return x; }},
    {"clamp", [](long double x) { return std::min(std::max(x, -1.0L), 1.0L); }},
    {"cos", [](long double x) { return std::cos(x); }},
    {"elu", [](long double x) { return x > 0 ? x : std::expm1(x); }},
    {"exp", [](long double x) { return std::exp(x); }},
    {"gelu",
     [](long double x) {
       return x / (1 + std::exp(-1.5957691216057308L * (x + 0.044715L * x * x * x)));
     }},
    {"hard_sigmoid", [](long double x) { return std::min(std::max(x / 6 + 0.5L, 0.0L), 1.0L); }},
    {"hardswish", [](long double x) { return x * std::min(std::max(x / 6 + 0.5L, 0.0L), 1.0L); }},
    {"leaky_relu", [](long double x) { return x > 0 ? x : 0.01L * x; }},
    {"log", [](long double x) { return x == 0 ? kLog0 : std::log(x); }},
    {"mish", [](long double x) { return x * std::tanh(std::log1p(std::exp(x))); }},
    {"neg", [](long double x) { return -x; }},
    {"relu", [](long double x) { return std::max(x, 0.0L); }},
    {"relu2", [](long double x) { return std::max(x, 0.0L) * std::max(x, 0.0L); }},
    {"scale", [](long double x) { return x; }},
    {"selu",
     [](long double x) {
       return 1.0507009873554804934L * (x > 0 ? x : 1.6732632423543772848L * std::expm1(x));
     }},
    {"sigmoid", [](long double x) { return 1 / (1 + std::exp(-x)); }},
    {"silu", [](long double x) { return x / (1 + std::exp(-x)); }},
    {"sin", [](long double x) { return std::sin(x); }},
    {"softplus", [](long double x) { return x > 40 ? x : std::log1p(std::exp(x)); }},
    {"sqrt", [](long double x) { return std::sqrt(x); }},
    {"square", [](long double x) { return x * x; }},
    {"tanh", [](long double x) { return std::tanh(x); }}};

TEST(PointwiseReference, IsTheFunctionInLongDouble) {
  const Numbers numbers = {0,   -0.0, 1e-42, -1e-42, 1e-30, 0.3,  -0.3,  3,    -3,    30,
                           -30, 1000, -1000, 1e7,    -1e7,  1e14, -1e14, 1e30, -1e30, kNaN};
  for (const Op* op : builtin_ops()) {
    if (!op->range || op->min_inputs != 1 || op->max_inputs != 1) continue;
    SCOPED_TRACE(op->name);
    ASSERT_TRUE(kExact.contains(op->name)) << "say what it is";
    OpCase c(*op, {{Shape{int64_t(numbers.size())}}});
    if (c.out[0].type().dtype == DType::kBf16) continue;
    for (size_t i = 0; i < numbers.size(); ++i) c.put(0, int64_t(i), numbers[i]);
    const Ref truth = c.reference()[0];
    for (int64_t i = 0; i < truth.size(); ++i) {
      const double x = c.data[0][i], want = double(kExact.at(op->name)(x));
      const bool nan = std::isnan(x) || std::isnan(want);
      const double allowed = 1e-13 * std::max(1.0, std::abs(want));
      const bool same =
          nan ? std::isnan(truth[i]) : truth[i] == want || std::abs(truth[i] - want) <= allowed;
      EXPECT_TRUE(same) << truth[i] << " at " << x << ", not " << want;
    }
  }
}

TEST(PointwiseReference, HasFiniteGradientsOfFiniteNumbers) {
  for (const Op* op : builtin_ops()) {
    if (!op->range || op->min_inputs != 2 || !op->name.ends_with("_grad")) continue;
    OpCase c(*op, {{Shape{6}, Shape{6}}});
    const Numbers numbers = {1e7, -1e7, 1e14, -1e14, 1e30, -1e30};
    for (size_t i = 0; i < numbers.size(); ++i) {
      c.put(0, int64_t(i), numbers[i]);
      c.put(1, int64_t(i), 1);
    }
    const Ref truth = c.reference()[0];
    for (int64_t i = 0; i < 6; ++i)
      EXPECT_TRUE(std::isfinite(truth[i])) << op->name << " at " << c.data[0][i];
  }
}

TEST(CrossEntropy, TakesALogitOfMinusInfinity) {
  const double loss = std::log1p(std::exp(1.0)), p = 1 / (1 + std::exp(1.0));
  for (double low : {-kInf, kLowestFloat}) {
    expect_result("cross_entropy", {floats({1, 3}, {low, 0, 1}), integers({1}, {1})}, {}, {loss});
    expect_result("linear_cross_entropy",
                  {floats({1, 1}, {1}), floats({1, 3}, {0, 0, 0}), integers({1}, {1}),
                   floats({3}, {low, 0, 1})},
                  {}, {loss});
    expect_result("cross_entropy_grad",
                  {floats({1, 3}, {low, 0, 1}), integers({1}, {1}), floats({1}, {loss}),
                   floats({}, {1}), floats({}, {1})},
                  {}, {0, p - 1, 1 - p});
  }
  expect_result("cross_entropy", {floats({1, 3}, {-kInf, 0, 1}), integers({1}, {0})}, {}, {kInf});
}

TEST(CrossEntropy, AClassOfWeightZeroHasNoSay) {
  expect_result("cross_entropy", {floats({2, 2}, {kNaN, 1, 0, 0}), integers({2}, {0, 1})},
                {{"class_weights", Numbers{0, 1}}}, {std::log(2.0)});
}

TEST(Maxima, ShowNaNAndKnowMinusInfinity) {
  expect_result("maximum", {floats({3}, {kNaN, 1, -kInf}), floats({3}, {1, kNaN, -kInf})}, {},
                {kNaN, kNaN, -kInf});
  expect_result("reduce_max", {floats({3, 2}, {1, kNaN, kNaN, 1, -kInf, -kInf})},
                {{"axes", std::vector<int64_t>{1}}}, {kNaN, kNaN, -kInf});
  expect_result("pool2d", {floats({1, 1, 6, 1}, {1, kNaN, kNaN, 1, -kInf, -kInf})},
                {{"kernel", 1}, {"stride", 1}}, {1, kNaN, kNaN, 1, -kInf, -kInf});
  expect_result("pool2d", {floats({1, 2, 4, 1}, {1, kNaN, -kInf, -kInf, 2, 3, -kInf, -kInf})}, {},
                {kNaN, -kInf});
}

TEST(Maximum, SharesTheGradientOfEquals) {
  expect_result("maximum_grad", {floats({4}, {1, 0, -1, kNaN}), floats({4}, {8, 8, 8, 8})}, {},
                {8, 4, 0, kNaN});
}

TEST(Softmax, IsNaNWhereTheSumIs) {
  for (double x : {kNaN, kInf})
    expect_result("softmax", {floats({1, 3}, {x, 0, 0})}, {}, {kNaN, kNaN, kNaN});
  expect_result("softmax", {floats({1, 3}, {-kInf, 0, 0})}, {}, {0, 0.5, 0.5});
}

TEST(Angles, AreReducedHoweverLarge) {
  const Numbers x = {1e4, -12345.678, 1e7, -3e7, 1e15, 1e30, -0.0};
  Numbers sines, cosines;
  for (double v : x) {
    sines.push_back(std::sin(double(float(v))));
    cosines.push_back(std::cos(double(float(v))));
  }
  const Shape shape{int64_t(x.size())};
  expect_result("sin", {floats(shape, x)}, {}, sines);
  expect_result("cos", {floats(shape, x)}, {}, cosines);
  expect_result("sin", {floats({2}, {kInf, kNaN})}, {}, {kNaN, kNaN});
}

TEST(ActivationGradients, AreTheirLimitsFarOut) {
  const Numbers x = {1e14, -1e14, 1e30, -1e30}, ones(4, 1.0);
  for (const char* name : {"gelu_grad", "mish_grad", "silu_grad"})
    expect_result(name, {floats({4}, x), floats({4}, ones)}, {}, {1, 0, 1, 0});
}

TEST(Answers, OfRowsWithNaNAreNone) {
  const std::vector<Given> in = {floats({3, 2}, {kNaN, 0, 0, kNaN, 2, 1}),
                                 integers({3}, {0, 0, 0})};
  expect_result("accuracy", in, {}, {1});
  expect_result("class_counts", in, {}, {1, 0, 3, 0, 1, 0});
}

TEST(Attention, HearsNoNaNBehindAMask) {
  const Shape one{1, 2, 1, 1};
  for (double hidden : {kNaN, kInf})
    expect_result("attention",
                  {floats({1, 1, 1, 1}, {1}),
                   floats(one, {1, hidden}),
                   floats(one, {3, hidden}),
                   {SampleInput::none(), {}},
                   {SampleInput::none(), {}},
                   {SampleInput::none(), {}},
                   {SampleInput::none(), {}},
                   floats({1, 2}, {1, 0})},
                  {}, {3});
}

TEST(Attention, TakesASinkAboveAllScores) {
  const Shape one{1, 1, 1, 1};
  expect_result("attention",
                {floats(one, {1}),
                 floats(one, {1}),
                 floats(one, {3}),
                 {SampleInput::none(), {}},
                 {SampleInput::none(), {}},
                 floats({1}, {1e30})},
                {}, {1e30}, 1);
}

// The authors' get_slopes(12): those of 8, then every second one of 16.
TEST(Alibi, TakesHeadsThatAreNoPowerOfTwo) {
  for (int64_t h = 0; h < 8; ++h) EXPECT_EQ(alibi_slope(h, 12), std::exp2(-double(h + 1)));
  for (int64_t h = 8; h < 12; ++h) EXPECT_EQ(alibi_slope(h, 12), std::exp2(-0.5 - double(h - 8)));
  EXPECT_EQ(alibi_slope(0, 1), std::exp2(-8.0));
  EXPECT_EQ(alibi_slope(1, 2), std::exp2(-8.0));
}

TEST(Upsample, ReferenceWeighsInDouble) {
  OpCase c(**std::ranges::find(builtin_ops(), "upsample", [](const Op* o) { return o->name; }),
           {{Shape{1, 1, 2, 1}}, {{"kind", "bilinear"}, {"factor", 3}}});
  c.put(0, 0, 0);
  c.put(0, 1, 1);
  EXPECT_NEAR(c.reference()[0][2], 1.0 / 3, 1e-15);
}

TEST(Ctc, DoesNotScoreASequenceThatDoesNotFit) {
  const std::vector<Given> in = {floats({1, 2, 3}, Numbers(6, 0.0)), integers({1, 2}, {1, 1})};
  expect_result("ctc", in, {}, {0});
  expect_result("ctc", in, {}, {0}, 2);
}
}  // namespace
}  // namespace cambium::edge_values_test
