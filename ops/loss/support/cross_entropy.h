// What losses of logits share: attributes, checks of logits and targets, and the rows' losses.
#pragma once
#include <algorithm>

#include "graph/graph.h"
#include "ops/support/shapes.h"

namespace cambium {
// Targets outside [0, V) are skipped: -1 marks a row that is not scored.
inline bool is_scored(int64_t target, int64_t classes) {
  return target >= 0 && target < classes;
}

struct CrossEntropyAttrs {
  double label_smoothing = 0, z_loss = 0;
  std::vector<double> class_weights, group_weights;
  static constexpr auto fields =
      std::tuple{field("label_smoothing", &CrossEntropyAttrs::label_smoothing,
                       "share of the target spread evenly over all classes")
                     .in(0, 1),
                 field("z_loss", &CrossEntropyAttrs::z_loss, "factor of lse^2 in the loss").in(0),
                 field("class_weights", &CrossEntropyAttrs::class_weights,
                       "how much a row of each class counts; empty: 1")
                     .in(0),
                 field("group_weights", &CrossEntropyAttrs::group_weights,
                       "how much a row of each group counts; empty: there are no groups")
                     .in(0)};

  double weight(int64_t target) const {
    return class_weights.empty() ? 1 : class_weights[size_t(target)];
  }

  // The factor of a row's group; 0 outside of those there are, as of a target that is no class.
  double group_weight(int64_t group) const {
    return is_scored(group, int64_t(group_weights.size())) ? group_weights[size_t(group)] : 0;
  }

  // Whether the row's logits are looked at: a class of weight 0 has no say, whatever they are.
  bool counts(int64_t target, int64_t classes) const {
    return is_scored(target, classes) && weight(target) > 0;
  }

  // The loss of a row with weight 1: from log sum e^x, the target's logit and the sum of all n. A
  // class may have the logit -inf, for which the factor 0 must not be asked.
  double of_row(double lse, double at_target, double sum, int64_t n) const {
    double loss = lse + z_loss * lse * lse;
    if (label_smoothing < 1) loss -= (1 - label_smoothing) * at_target;
    if (label_smoothing > 0) loss -= label_smoothing * sum / double(n);
    return loss;
  }
};

// logits [..., V] in f32 and one i32 target a row.
inline void require_targets(const Call& c) {
  require_f32(c, 0);
  const Shape& logits = c.shape(0);
  require(logits.rank() >= 1 && logits.last() >= 1, "logits ", logits, " have no classes");
  require(c.dtype(1) == DType::kI32, "targets are ", name_of(c.dtype(1)), ", not i32");
  const Shape rows(logits.dims().first(size_t(logits.rank() - 1)));
  require(c.shape(1) == rows, "targets are ", c.shape(1), ", logits ", logits, " need ", rows);
}

// The group of each row, i32 as the targets, is input `i` of an op with `group_weights`.
inline void require_groups(const Call& c, int i) {
  const bool weighed = !c.as<CrossEntropyAttrs>().group_weights.empty();
  require(c.has(i) == weighed, weighed ? "group_weights without groups of the rows"
                                       : "groups of the rows without group_weights");
  require(!weighed || c.in[size_t(i)].type() == ValueType{DType::kI32, c.shape(1)},
          "groups must be i32, one a target");
}

// The same for an op that has these attributes.
inline void require_cross_entropy(const Call& c) {
  require_targets(c);
  const size_t weights = c.as<CrossEntropyAttrs>().class_weights.size();
  require(weights == 0 || int64_t(weights) == c.shape(0).last(), weights, " class weights for ",
          c.shape(0).last(), " classes");
}

// The loss of rows of `classes` logits, in f32.
struct RowLosses {
  int64_t classes;
  CrossEntropyAttrs attrs;

  // `group`: of each row; null where there are none.
  double row_weight(const int32_t* target, const int32_t* group, int64_t r) const {
    if (!attrs.counts(target[r], classes)) return 0;
    return attrs.weight(target[r]) * (group ? attrs.group_weight(group[r]) : 1);
  }

  // The weight of the scored rows, which the loss is divided by.
  double weight(const int32_t* target, int64_t rows, const int32_t* group = nullptr) const;

  // The sum over scored rows of weight times loss; lse[r] and the sum of the logits of each row.
  double loss(const float* x, const int32_t* target, int64_t rows, float* lse, float* sum,
              const int32_t* group = nullptr) const;

  // dx = factor times the gradient of that sum, zero on rows that are not scored; dx may be x.
  void gradient(const float* x, const int32_t* target, int64_t rows, const float* lse, float factor,
                float* dx, const int32_t* group = nullptr) const;
};

// How many scored rows of n logits have the first of their largest at the target; `hit` is scratch
// for a byte a row.
int64_t count_correct(const float* x, const int32_t* target, int64_t rows, int64_t n, uint8_t* hit);

// The answer that n >= 1 logits give: the first of the largest; -1, none, when one of them is NaN.
int64_t first_largest(const float* x, int64_t n);

template <class T> int64_t first_largest(const T* x, int64_t n) {
  if (std::any_of(x, x + n, [](T v) { return v != v; })) return -1;
  return std::max_element(x, x + n) - x;
}
}  // namespace cambium
