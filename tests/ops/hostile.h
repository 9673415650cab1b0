// Samples with hostile numbers put into them, and what hears an element of an input.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <gtest/gtest.h>

#include "tests/support/op_case.h"

namespace cambium {
struct Place {
  size_t input;
  int64_t element;
};

struct Replaced {
  Place at;
  double by;
};

inline std::string describe(const Sample& s, const std::vector<Replaced>& replaced) {
  std::string text;
  for (const SampleInput& i : s.inputs) text += (i.absent ? "none" : i.type.text()) + " ";
  for (const Arg& a : s.args) text += a.name + "=" + a.value.text() + " ";
  for (const Replaced& r : replaced)
    text += str("input ", r.at.input, "[", r.at.element, "] = ", r.by, " ");
  return text;
}

inline bool is_float(DType t) {
  return t == DType::kF32 || t == DType::kBf16;
}

inline bool holds_floats(const SampleInput& i) {
  return !i.absent && is_float(i.type.dtype);
}

// Every element of the inputs that `keep` accepts.
inline std::vector<Place> places_of(const Sample& s, bool (*keep)(const SampleInput&)) {
  std::vector<Place> places;
  for (size_t i = 0; i < s.inputs.size(); ++i)
    for (int64_t e = 0; keep(s.inputs[i]) && e < s.inputs[i].type.shape.count(); ++e)
      places.push_back({i, e});
  return places;
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

// Which results hear something: of each output its elements.
using Hearers = std::vector<std::vector<bool>>;

inline Hearers different(const std::vector<Ref>& a, const std::vector<Ref>& b) {
  Hearers differs;
  for (size_t k = 0; k < a.size(); ++k) {
    differs.emplace_back(size_t(a[k].size()), false);
    for (int64_t j = 0; j < a[k].size(); ++j)
      differs[k][size_t(j)] = a[k][j] != b[k][j] && !(a[k][j] != a[k][j] && b[k][j] != b[k][j]);
  }
  return differs;
}

// Which results differ from `base`, when one element takes a few other values.
inline Hearers heard(OpCase& c, Place at, const std::vector<Ref>& base) {
  Hearers differs = different(base, base);
  const double x = c.data[at.input][at.element];
  for (double v : {x + 0.25, x - 0.5, 3.0, -3.0, 40.0, -40.0, 0.3 * x}) {
    const Replacement held(c, {{at, v}});
    const Hearers now = different(base, c.reference());
    for (size_t k = 0; k < now.size(); ++k)
      for (size_t j = 0; j < now[k].size(); ++j)
        if (now[k][j]) differs[k][j] = true;
  }
  return differs;
}

inline bool any_hears(const Hearers& differs) {
  return std::ranges::any_of(differs, [](const std::vector<bool>& result) {
    return std::ranges::find(result, true) != result.end();
  });
}

// Which results differ when all elements of an input move a little.
inline Hearers heard_finely(OpCase& c, size_t input) {
  const std::vector<Ref> base = c.reference();
  const std::vector<double> at = c.data[input].data;
  Random random(input, stream_of("finely"));
  for (double& x : c.data[input].data) x += 1e-6 * (random.uniform() - 0.5);
  Hearers differs = different(base, c.reference());
  c.data[input].data = at;
  return differs;
}

// Whether an input is only compared, as masks and orders are: it decides, and is no number that
// results are computed from.
inline bool only_decides(OpCase& c, size_t input) {
  return is_float(c.in[input].type().dtype) && !any_hears(heard_finely(c, input));
}

inline std::vector<const Op*> ops_with(bool (*keep)(const SampleInput&),
                                       bool differentiable = false) {
  std::vector<const Op*> kept;
  for (const Op* op : builtin_ops()) {
    const bool any = std::ranges::any_of(
        op->samples, [&](const Sample& s) { return std::ranges::any_of(s.inputs, keep); });
    if (any && op->kernel && (op->vjp || !differentiable)) kept.push_back(op);
  }
  return kept;
}

inline std::string name_of_op(const testing::TestParamInfo<const Op*>& info) {
  return std::string(info.param->name);
}
}  // namespace cambium
