// What every operator does with hostile numbers, generated from the samples it declares. The truth
// is the reference in double. The rule for each element of a result:
//   truth NaN      the kernel says NaN: it hides none;
//   truth +-inf    the kernel says the same, and so where the truth is beyond f32;
//   truth finite   the kernel agrees, to the operator's tolerance (of the largest number of the
//                  result, where the operator is not pointwise) and sixteen times what the truth
//                  itself moves when the inputs move by an ulp of f32.
// Allowed is:
// - Where an input is near 1e30, what comes between (a square, a product) may leave f32: then some
//   result of the kernel says inf or NaN. Not of operators of one number.
// - Where infinities meet, the order of a sum decides between inf and NaN. Not of pointwise ones.
// - A NaN or an infinity may show, as NaN, in results that do not hear it (a weight of zero times
//   it), unless no result hears it: then it stands behind a mask.
// - The relu that oneDNN applies to its own products takes NaN for 0.
// Of operators with a gradient, references let a NaN through to every result that hears it.
#include <gtest/gtest.h>

#include "tests/support/op_case.h"

namespace cambium {
namespace {
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kFinite[] = {0, -0.0, 1e-42, -1e-42, 1e-30, 1e7, -1e7};
constexpr double kEndless[] = {HUGE_VAL, -HUGE_VAL, kNaN};
constexpr double kHuge[] = {1e30, -1e30};
constexpr int64_t kElements = 3000;  // larger samples are left out

Engine& engine() {
  static Engine e;
  return e;
}

// Operators that do not keep the rule in some trial: what they do with infinities and NaN is known
// to be wrong, and is to be mended. None may be added.
constexpr std::string_view kKnownToFail =
    " adafactor_update attention attention_grad batch_norm_grad ctc ctc_grad delta_rule_grad "
    "gat_attention gat_attention_grad gru linear_attention_grad linear_cross_entropy "
    "long_conv_grad "
    "lstm rms_norm rnn route schedule_free_update selective_scan selective_scan_grad "
    "top_k_attention value_loss wkv wkv_grad "
    "reverse_sequence induced_subgraph ";  // whose masks and orders are decisions, not numbers

bool is_known_to_fail(std::string_view op) {
  return kKnownToFail.find(str(" ", op, " ")) != std::string_view::npos;
}

struct Place {
  size_t input;
  int64_t element;
};

struct Replaced {
  Place at;
  double by;
};

std::string describe(const Sample& s, const std::vector<Replaced>& replaced) {
  std::string text;
  for (const SampleInput& i : s.inputs) text += (i.absent ? "none" : i.type.text()) + " ";
  for (const Arg& a : s.args) text += a.name + "=" + a.value.text() + " ";
  for (const Replaced& r : replaced)
    text += str("input ", r.at.input, "[", r.at.element, "] = ", r.by, " ");
  return text;
}

bool is_float(DType t) {
  return t == DType::kF32 || t == DType::kBf16;
}

bool holds_floats(const SampleInput& i) {
  return !i.absent && is_float(i.type.dtype);
}

bool holds_indices(const SampleInput& i) {
  return !i.absent && i.type.dtype == DType::kI32 && i.hi < 0x1p31;  // beyond: sets of bits
}

// Every element of the inputs that `keep` accepts.
std::vector<Place> places_of(const Sample& s, bool (*keep)(const SampleInput&)) {
  std::vector<Place> places;
  for (size_t i = 0; i < s.inputs.size(); ++i)
    for (int64_t e = 0; keep(s.inputs[i]) && e < s.inputs[i].type.shape.count(); ++e)
      places.push_back({i, e});
  return places;
}

bool is_small(const Sample& s) {
  int64_t elements = 0;
  for (const SampleInput& i : s.inputs)
    if (!i.absent && i.type.dtype != DType::kAdjacency) elements += i.type.shape.count();
  return elements <= kElements;
}

// Puts numbers into a case while it lives.
class Replacement {
 public:
  Replacement(OpCase& c, const std::vector<Replaced>& replaced) : case_(c) {
    for (const Replaced& r : replaced) {
      before_.push_back({r.at, c.data[r.at.input][r.at.element]});
      c.put(r.at.input, r.at.element, r.by);
    }
  }

  ~Replacement() {
    for (size_t i = before_.size(); i-- > 0;)
      case_.put(before_[i].at.input, before_[i].at.element, before_[i].by);
  }

 private:
  OpCase& case_;
  std::vector<Replaced> before_;
};

// How far each result of the reference moves when every input moves by about an ulp of f32.
std::vector<Ref> spread(OpCase& c, const std::vector<Ref>& truth) {
  std::vector<Ref> moved = truth;
  for (Ref& r : moved) std::ranges::fill(r.data, 0.0);
  const std::vector<Ref> at = c.data;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed, stream_of("ulp"));
    for (size_t i = 0; i < c.in.size(); ++i)
      if (c.in[i] && c.in[i].type().dtype == DType::kF32)
        for (double& x : c.data[i].data) x *= 1 + (random.uniform() < 0.5 ? -1.2e-7 : 1.2e-7);
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

// At least 1.
double largest_finite(const Ref& r) {
  double largest = 1;
  for (double x : r.data)
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  return largest;
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

// Which results differ from `base`, when one element takes a few other values.
std::vector<std::vector<bool>> heard(OpCase& c, Place at, const std::vector<Ref>& base) {
  std::vector<std::vector<bool>> differs;
  for (const Ref& r : base) differs.emplace_back(size_t(r.size()), false);
  const double x = c.data[at.input][at.element];
  for (double v : {x + 0.25, x - 0.5, 3.0, -3.0, 40.0, -40.0, 0.3 * x}) {
    const Replacement held(c, {{at, v}});
    const std::vector<Ref> results = c.reference();
    for (size_t k = 0; k < base.size(); ++k)
      for (int64_t j = 0; j < base[k].size(); ++j)
        if (results[k][j] != base[k][j]) differs[k][size_t(j)] = true;
  }
  return differs;
}

bool is_heard_nowhere(const std::vector<std::vector<bool>>& differs) {
  return std::ranges::none_of(differs, [](const std::vector<bool>& result) {
    return std::ranges::find(result, true) != result.end();
  });
}

// Whether numbers that are not finite stand where some result hears them, but not result k[i].
bool is_spilt(OpCase& c, const std::vector<Replaced>& replaced, size_t k, int64_t i) {
  bool any = false;
  for (const Replaced& r : replaced) {
    if (std::isfinite(r.by)) continue;
    const Replacement calm(c, {{r.at, 0.5}});
    const auto differs = heard(c, r.at, c.reference());
    any = !is_heard_nowhere(differs);
    if (!any || differs[k][size_t(i)]) return false;
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
    std::vector<Ref> moved;
    for (size_t k = 0; k < got.size(); ++k) {
      const double near = got[k].type().dtype == DType::kBf16 ? 1.0 / 128 : op.tolerance;
      const double largest = op.range ? 1 : largest_finite(want[k]);
      for (int64_t i = 0; i < want[k].size(); ++i) {
        const double a = number_at(got[k], i), b = want[k][i];
        double tolerance = near * std::max(largest, std::abs(b));
        if (agrees(a, b, tolerance)) continue;
        if (moved.empty()) moved = spread(c, want);
        tolerance += 16 * moved[k][i];
        if (agrees(a, b, tolerance)) continue;
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
  for (const Sample& s : op.samples) {
    const std::vector<Place> places = places_of(s, holds_floats);
    if (places.empty() || !is_small(s)) continue;
    OpCase c(op, s);
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
  for (const Sample& s : op.samples) {
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

class DifferentiableReference : public testing::TestWithParam<const Op*> {};

TEST_P(DifferentiableReference, LetsNaNThroughWhereItIsHeard) {
  const Op& op = *GetParam();
  int failures = 0;
  for (const Sample& s : op.samples) {
    const std::vector<Place> places = places_of(s, holds_floats);
    if (places.empty() || places.size() > 1500) continue;
    OpCase c(op, s);
    const std::vector<Ref> base = c.reference();
    Random random(2, stream_of(op.name));
    for (int round = 0; round < 12; ++round) {
      const Place at = places[random.below(uint32_t(places.size()))];
      const auto differs = heard(c, at, base);
      const std::vector<Replaced> replaced = {{at, kNaN}};
      const Replacement held(c, replaced);
      SCOPED_TRACE(describe(s, replaced));
      const std::vector<Ref> results = c.reference();
      for (size_t k = 0; k < base.size(); ++k)
        for (int64_t j = 0; j < base[k].size() && failures < 6; ++j) {
          const bool hears = differs[k][size_t(j)] && is_float(c.out[k].type().dtype);
          if (!hears || std::isnan(results[k][j])) continue;
          ADD_FAILURE() << "output " << k << "[" << j << "] hides the NaN that it hears";
          ++failures;
        }
    }
  }
}

std::vector<const Op*> ops_with(bool (*keep)(const SampleInput&), bool differentiable = false) {
  std::vector<const Op*> kept;
  for (const Op* op : builtin_ops()) {
    const bool any = std::ranges::any_of(
        op->samples, [&](const Sample& s) { return std::ranges::any_of(s.inputs, keep); });
    const bool left_out = keep == holds_floats && is_known_to_fail(op->name);
    if (any && !left_out && op->kernel && (op->vjp || !differentiable)) kept.push_back(op);
  }
  return kept;
}

std::string name_of_op(const testing::TestParamInfo<const Op*>& info) {
  return std::string(info.param->name);
}

INSTANTIATE_TEST_SUITE_P(Ops, OpUnderHostileNumbers, testing::ValuesIn(ops_with(holds_floats)),
                         name_of_op);
INSTANTIATE_TEST_SUITE_P(Ops, OpUnderHostileIds, testing::ValuesIn(ops_with(holds_indices)),
                         name_of_op);
INSTANTIATE_TEST_SUITE_P(Ops, DifferentiableReference,
                         testing::ValuesIn(ops_with(holds_floats, true)), name_of_op);
}  // namespace
}  // namespace cambium
