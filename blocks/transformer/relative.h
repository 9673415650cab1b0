// Relative: positions as biases of attention's scores, from distances alone.
#pragma once
#include <cmath>

#include "blocks/layers.h"
#include "ops/attention/support/alibi.h"

namespace cambium {
struct Relative {
  int64_t heads = 1, buckets = 32, max_distance = 128;
  std::string position = "none", share_bias = "";
  static constexpr auto fields = std::tuple{
      field("position", &Relative::position,
            "rope: rotate queries and keys by their position; rope_2d: by row and column of the "
            "grid they came from; alibi: scores fall with the distance (heads that are no power of "
            "two take slopes as the "
            "authors' code does); t5: a learned bias for "
            "each bucket of distances; relative_2d: a learned bias for each offset of rows and "
            "columns "
            "in the grid they came from; xl: scores of content and of distance, which is waves "
            "through "
            "a matrix, each with a learned vector a head (Transformer-XL)")
          .one_of("none|rope|rope_2d|alibi|t5|relative_2d|xl"),
      field("buckets", &Relative::buckets,
            "t5: how many, half of them for either direction unless causal")
          .in(4, 65536),
      field("max_distance", &Relative::max_distance,
            "t5: half of a direction's buckets hold one distance each, the others grow up to this")
          .in(2),
      field("share_bias", &Relative::share_bias,
            "t5 and relative_2d: a label; blocks with the same one have one table of biases, such "
            "as all of a repeat")};
};

// The bucket of a key `distance` places before its query. Raffel et al. 2019, arXiv 1910.10683,
// section 2.1: one distance a bucket, then logarithmically larger ranges; the last holds the rest.
inline int64_t bucket_of(const Relative& a, bool causal, int64_t distance) {
  int64_t count = a.buckets, first = 0, far = std::max<int64_t>(0, distance);
  if (!causal) {
    count /= 2;
    first = distance < 0 ? count : 0;
    far = std::abs(distance);
  }
  const int64_t exact = count / 2;
  if (far < exact) return first + far;
  const double grown = std::log(double(far) / double(exact)) /
                       std::log(double(a.max_distance) / double(exact)) * double(count - exact);
  return first + std::min(count - 1, exact + int64_t(grown));
}

// The learned biases [buckets,heads], of this block or of all with its `share_bias`.
inline Value relative_table(Builder& b, const Relative& a) {
  const int64_t exact = a.buckets / 4;  // of one direction, when there are two
  if (a.max_distance <= 2 * exact)
    throw OptionError(
        "max_distance",
        str("max_distance = ", a.max_distance, " is too near for ", a.buckets, " buckets"),
        str("use more than ", 2 * exact));
  return b.weight("relative", {.kind = ParameterKind::kPosition,
                               .shape = {a.buckets, a.heads},
                               .init = {Init::kNormal, 0.02},
                               .share = a.share_bias});
}

// Of T queries, the first at `offset`, from S keys, the first at 0, all `step` places apart.
struct Distances {
  int64_t queries, keys, offset, step = 1;

  int64_t count() const { return queries + keys - 1; }

  int64_t at(int64_t place) const { return (place - (keys - 1) + offset) * step; }
};

// What the attention operators take as bias [heads,S+T-1].
inline Value relative_bias(Builder& b, const Relative& a, Value table, bool causal, Distances d) {
  const Value ids = b.table(DType::kI32, {d.count()}, [&](Tensor& t) {
    for (int64_t i = 0; i < d.count(); ++i)
      t.i32()[size_t(i)] = int32_t(bucket_of(a, causal, d.at(i)));
  });
  const Value rows = b.emit("embed", {table, ids});
  return b.emit("transpose", {rows}, {{"perm", std::vector<int64_t>{1, 0}}});
}

// The same for alibi, whose biases are known; where the operator's own do not fit.
inline Value alibi_bias(Builder& b, const Relative& a, Distances d) {
  return b.table(DType::kF32, {a.heads, d.count()}, [&](Tensor& bias) {
    for (int64_t h = 0; h < a.heads; ++h)
      for (int64_t i = 0; i < d.count(); ++i)
        bias.f32()[size_t(h * d.count() + i)] =
            float(-alibi_slope(h, a.heads) * double(std::abs(d.at(i))));
  });
}

// What the attention operators take as pairs [1,H,S,T] of tokens from a grid: a learned bias for
// each offset of rows and columns. Liu et al. 2021, arXiv 2103.14030, section 3.2. Rows of the
// table are those of the query 0, 1 below, 1 above, 2 below ... of the key, by columns from the
// left, so that a grid with rows more has the same ones first.
inline Value grid_bias(Builder& b, const Relative& a, int64_t rows, int64_t columns) {
  const int64_t tokens = rows * columns, wide = 2 * columns - 1;
  const Value table = b.weight("relative", {.kind = ParameterKind::kPosition,
                                            .shape = {(2 * rows - 1) * wide, a.heads},
                                            .init = {Init::kNormal, 0.02},
                                            .share = a.share_bias});
  const Value ids = b.table(DType::kI32, {tokens, tokens}, [&](Tensor& t) {
    for (int64_t i = 0; i < tokens * tokens; ++i) {
      const int64_t key = i / tokens, query = i % tokens;
      const int64_t down = query / columns - key / columns, right = query % columns - key % columns;
      const int64_t row = down > 0 ? 2 * down - 1 : -2 * down;
      t.i32()[size_t(i)] = int32_t(row * wide + right + columns - 1);
    }
  });
  const Value by_head = b.emit("transpose", {b.emit("embed", {table, ids})},
                               {{"perm", std::vector<int64_t>{2, 0, 1}}});
  return reshaped(b, by_head, {1, a.heads, tokens, tokens});
}
}  // namespace cambium
