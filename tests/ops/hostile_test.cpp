// What every operator does with hostile numbers, generated from the samples it declares. The truth
// is the reference in double. The rule for each element of a result:
//   truth NaN      the kernel says NaN: it hides none;
//   truth +-inf    the kernel says the same, and so where the truth is beyond f32;
//   truth finite   the kernel agrees, to the operator's tolerance and sixteen times what the truth
//                  itself moves when the inputs move by an ulp of f32.
// Where the operator is not pointwise, sums cancel: the tolerance is one of the largest number of
// the results, and the ulp may be one of the largest number of an input (the normwise errors of
// numerical analysis): 1e7 in a sum costs its neighbours their digits, and in a Fourier transform
// the product of two such numbers costs all results theirs.
// Allowed is:
// - Where an input is near 1e30, what comes between (a square, a product) may leave f32: then some
//   result of the kernel says inf or NaN. Not of operators of one number.
// - Where infinities meet, the order of a sum decides between inf and NaN. Not of pointwise ones.
// - A NaN or an infinity may show, as NaN, in results that do not hear it (a weight of zero times
//   it), unless no result hears it: then it stands behind a mask, which itself is compared and
//   spills nothing.
// - The relu that oneDNN applies to its own products takes NaN for 0.
// That references let NaN through is tested in hostile_reference_test.cpp.
#include "tests/ops/hostile.h"

#include <gtest/gtest.h>

namespace cambium::hostile_test {
namespace {
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kFinite[] = {0, -0.0, 1e-42, -1e-42, 1e-30, 1e7, -1e7};
constexpr double kEndless[] = {HUGE_VAL, -HUGE_VAL, kNaN};
constexpr double kHuge[] = {1e30, -1e30};
constexpr int64_t kElements = 2000;  // larger samples are left out

Engine& engine() {
  static Engine e;
  return e;
}

bool holds_indices(const SampleInput& i) {
  return !i.absent && i.type.dtype == DType::kI32 && i.hi < 0x1p31;  // beyond: sets of bits
}

bool is_small(const Sample& s) {
  int64_t elements = 0;
  for (const SampleInput& i : s.inputs)
    if (!i.absent && i.type.dtype != DType::kAdjacency) elements += i.type.shape.count();
  return elements <= kElements;
}

// Whether a result is a graph, which is no number to compare.
bool answers_graph(const OpCase& c) {
  return std::ranges::any_of(c.out, [](Value v) { return v.type().dtype == DType::kAdjacency; });
}

// At least 1.
double largest_finite(const std::vector<double>& numbers) {
  double largest = 1;
  for (double x : numbers)
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  return largest;
}

// How far each result of the reference moves when every number of the inputs moves by about an ulp
// of f32: of its own, or, `normwise`, of the largest of its input.
std::vector<Ref> spread(OpCase& c, const std::vector<Ref>& truth, bool normwise) {
  std::vector<Ref> moved = truth;
  for (Ref& r : moved) std::ranges::fill(r.data, 0.0);
  const std::vector<Ref> at = c.data;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed, stream_of("ulp"));
    for (size_t i = 0; i < c.in.size(); ++i) {
      if (!c.in[i] || c.in[i].type().dtype != DType::kF32) continue;
      const double largest = normwise ? largest_finite(at[i].data) : 0;
      for (double& x : c.data[i].data)
        x += (normwise ? largest : x) * (random.uniform() < 0.5 ? -1.2e-7 : 1.2e-7);
    }
    const std::vector<Ref> results = c.reference();
    for (size_t k = 0; k < truth.size(); ++k)
      for (int64_t j = 0; j < truth[k].size(); ++j) {
        const double step = std::abs(results[k][j] - truth[k][j]);
        if (!(step <= moved[k][j])) moved[k][j] = std::isnan(step) ? HUGE_VAL : step;
      }
    c.data = at;
  }
  return moved;
}

bool is_finite(const std::vector<Tensor>& results) {
  for (const Tensor& t : results)
    for (int64_t i = 0; i < t.count(); ++i)
      if (!std::isfinite(number_at(t, i))) return false;
  return true;
}

bool is_finite_f32(double x) {
  return std::abs(x) <= double(std::numeric_limits<float>::max());
}

bool agrees(double got, double want, double tolerance) {
  if (std::isnan(want)) return std::isnan(got);
  if (!is_finite_f32(want))
    return got == std::copysign(HUGE_VAL, want) || std::abs(got - want) <= tolerance;
  return std::abs(got - want) <= tolerance;
}

// Of the numbers put in; 1 of less than two.
double product_of(const std::vector<Replaced>& replaced) {
  double product = 1;
  for (const Replaced& r : replaced)
    if (replaced.size() > 1 && std::isfinite(r.by)) product *= std::max(1.0, std::abs(r.by));
  return product;
}

// Whether numbers that are not finite stand where some result hears them, but not result k[i].
// Those that only decide are none that could spill.
bool is_spilt(OpCase& c, const std::vector<Replaced>& replaced, size_t k, int64_t i) {
  std::vector<Replaced> calm;
  for (const Replaced& r : replaced) calm.push_back({r.at, 0.5});
  const Replacement held(c, calm);
  bool any = false;
  for (const Replaced& r : replaced) {
    if (std::isfinite(r.by) || only_decides(c, r.at.input)) continue;
    const auto differs = heard(c, r.at, c.reference());
    if (differs[k][size_t(i)]) return false;
    any |= any_hears(differs);
  }
  return any;
}

class OpUnderHostileNumbers : public testing::TestWithParam<const Op*> {
 protected:
  // Runs reference and kernel and says where they part. `loud`: the kernel may overflow; `shut`: it
  // may hide NaN.
  void compare(OpCase& c, const Kernel& kernel, const std::vector<Replaced>& replaced, bool loud,
               bool shut) {
    const Op& op = *GetParam();
    const std::vector<Ref> want = c.reference();
    const std::vector<Tensor> got = c.run(kernel);
    if (loud && !is_finite(got)) return;
    std::vector<Ref> moved, moved_together;
    double largest = 1;
    for (const Ref& r : want)
      if (!op.range) largest = std::max(largest, largest_finite(r.data));
    for (size_t k = 0; k < got.size(); ++k) {
      const double near = got[k].type().dtype == DType::kBf16 ? 1.0 / 128 : op.tolerance;
      for (int64_t i = 0; i < want[k].size(); ++i) {
        const double a = number_at(got[k], i), b = want[k][i];
        double tolerance = near * std::max(largest, std::abs(b));
        if (agrees(a, b, tolerance)) continue;
        if (moved.empty()) {
          moved = spread(c, want, false);
          if (!op.range) moved_together = spread(c, want, true);
        }
        tolerance += 16 * moved[k][i];
        if (agrees(a, b, tolerance)) continue;
        if (!op.range) tolerance += 16 * (moved_together[k][i] + 1.2e-7 * product_of(replaced));
        if (std::isfinite(a) && agrees(a, b, tolerance)) continue;
        if (!op.range && !std::isfinite(a) && !is_finite_f32(b)) continue;
        if (shut && std::isnan(b)) continue;
        if (std::isnan(a) != std::isnan(b) && is_spilt(c, replaced, k, i)) continue;
        ADD_FAILURE() << "output " << k << "[" << i << "] is " << a << ", the truth " << b;
        return;
      }
    }
  }
};

TEST_P(OpUnderHostileNumbers, KernelKeepsTheRule) {
  const Op& op = *GetParam();
  std::vector<double> all;
  for (const auto& list : {std::span<const double>(kFinite), std::span<const double>(kEndless),
                           std::span<const double>(kHuge)})
    all.insert(all.end(), list.begin(), list.end());
  int failures = 0;
  for (const Sample& s : samples_here(op, engine())) {
    const std::vector<Place> places = places_of(s, holds_floats);
    if (places.empty() || !is_small(s)) continue;
    OpCase c(op, s);
    if (answers_graph(c)) continue;
    const Kernel kernel = op.kernel(c.call(), engine());
    const bool shut = kernel.impl != "own" && describe(s, {}).find("=relu") != std::string::npos;
    Random random(1, stream_of(op.name));
    const auto one = [&](double x) {
      return Replaced{places[random.below(uint32_t(places.size()))], x};
    };
    const int rounds = places.size() < 1500 ? 4 : 1;
    for (int round = 0; round < rounds; ++round)
      for (size_t v = 0; v < 2 * all.size(); ++v) {
        std::vector<Replaced> replaced = {one(all[v % all.size()])};
        if (v >= all.size()) replaced.push_back(one(all[random.below(uint32_t(all.size()))]));
        const bool huge =
            std::ranges::any_of(replaced, [](const Replaced& r) { return std::abs(r.by) == 1e30; });
        const Replacement held(c, replaced);
        SCOPED_TRACE(describe(s, replaced));
        compare(c, kernel, replaced, huge && !(op.range && op.max_inputs == 1), shut);
        failures += HasFailure();
        if (failures > 8) return;
      }
  }
}

// A RuntimeError's text, or "" when f has run.
template <class F> std::string refusal(const F& f) {
  try {
    f();
  } catch (const RuntimeError& e) {
    return e.what();
  }
  return "";
}

class OpUnderHostileIds : public OpUnderHostileNumbers {};

TEST_P(OpUnderHostileIds, KernelAndReferenceRefuseTheSame) {
  const Op& op = *GetParam();
  int failures = 0;
  for (const Sample& s : samples_here(op, engine())) {
    const std::vector<Place> places = places_of(s, holds_indices);
    if (places.empty() || !is_small(s)) continue;
    OpCase c(op, s);
    const Kernel kernel = op.kernel(c.call(), engine());
    Random random(1, stream_of(op.name));
    for (int round = 0; round < 3; ++round)
      for (int v = 0; v < 5; ++v) {
        const Place at = places[random.below(uint32_t(places.size()))];
        const double hi = std::min(s.inputs[at.input].hi, 2147483646.0);
        const std::vector<Replaced> replaced = {
            {at, std::array{-1.0, hi, hi + 1, 2147483647.0, -2147483648.0}[size_t(v)]}};
        const Replacement held(c, replaced);
        SCOPED_TRACE(describe(s, replaced));
        const std::string said = refusal([&] { c.reference(); });
        EXPECT_EQ(refusal([&] { c.run(kernel); }), said);
        if (said.empty() && !HasFailure()) compare(c, kernel, replaced, false, false);
        failures += HasFailure();
        if (failures > 8) return;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, OpUnderHostileNumbers, testing::ValuesIn(ops_with(holds_floats)),
                         name_of_op);
INSTANTIATE_TEST_SUITE_P(Ops, OpUnderHostileIds, testing::ValuesIn(ops_with(holds_indices)),
                         name_of_op);
}  // namespace
}  // namespace cambium::hostile_test
