#include "ops/support/reduce.h"

#include <algorithm>

#include "graph/graph.h"
#include "graph/reach/reach.h"

namespace cambium {
Shape kept_shape(const Shape& s, std::span<const int> axes) {
  Shape kept = s;
  for (int a : axes) kept.set(a, 1);
  return kept;
}

std::vector<int> reduced_axes(const Call& c) {
  return normalised_axes(c.as<ReduceAttrs>().axes, c.shape(0));
}

std::vector<ValueType> reduced_type(const Call& c) {
  require_f32(c, 0);
  const std::vector<int> axes = reduced_axes(c);
  if (c.as<ReduceAttrs>().keep) return {{DType::kF32, kept_shape(c.shape(0), axes)}};
  std::vector<int64_t> extents;
  for (int i = 0; i < c.shape(0).rank(); ++i)
    if (!std::ranges::binary_search(axes, i)) extents.push_back(c.shape(0)[i]);
  return {{DType::kF32, Shape(extents)}};
}

void reach_reduced(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  out[0] = reduced(in[0], reduced_axes(c), out[0].shape);
}

int64_t reduced_count(const Shape& s, std::span<const int> axes) {
  int64_t n = 1;
  for (int a : axes) n *= s[a];
  return n;
}

std::vector<int> broadcast_axes(const Shape& to, const Shape& from) {
  std::vector<int> axes;
  const int added = from.rank() - to.rank();
  for (int i = 0; i < from.rank(); ++i)
    if (i < added || to[i - added] != from[i]) axes.push_back(i);
  return axes;
}

Value spread(const Call& c, Value dy) {
  const auto list = [](const Shape& s) {
    return std::vector<int64_t>(s.dims().begin(), s.dims().end());
  };
  const Shape kept = kept_shape(c.shape(0), reduced_axes(c));
  if (dy.shape() != kept) dy = dy.graph->emit("reshape", {dy}, {{"shape", list(kept)}});
  return dy.graph->emit("broadcast_to", {dy}, {{"shape", list(c.shape(0))}});
}

void for_each_reduced(const Shape& s, std::span<const int> axes,
                      const std::function<void(int64_t, int64_t)>& f) {
  const Shape kept = kept_shape(s, axes);
  for (int64_t i = 0; i < s.count(); ++i) f(i, broadcast_index(i, kept, s));
}

std::vector<AxisView> fold_steps(const Shape& s, std::span<const int> axes) {
  std::vector<AxisView> steps;
  Shape now = s;
  for (int end = s.rank(); end > 0;) {
    int begin = end;
    while (begin > 0 && std::ranges::find(axes, begin - 1) != axes.end()) --begin;
    if (begin == end) {
      --end;
      continue;
    }
    const AxisView v{now.count_between(0, begin), now.count_between(begin, end),
                     now.count_between(end, now.rank())};
    if (v.n != 1) steps.push_back(v);
    for (int i = begin; i < end; ++i) now.set(i, 1);
    end = begin;
  }
  return steps;
}

std::vector<Sample> reduce_samples() {
  using Axes = std::vector<int64_t>;
  return {{{Shape{3, 7}}},
          {{Shape{3, 7}}, {{"axes", Axes{0}}}},
          {{Shape{3, 7}}, {{"axes", Axes{-1}}, {"keep", true}}},
          {{Shape{2, 3, 4, 5}}, {{"axes", Axes{1, 3}}}},
          {{Shape{2, 3, 4, 5}}, {{"axes", Axes{2, 1}}, {"keep", true}}},
          {{Shape{1, 1}}, {{"axes", Axes{0}}}},
          {{Shape{}}},
          {{Shape{0, 3}}, {{"axes", Axes{1}}}},
          {{Shape{300, 70}}, {{"axes", Axes{0}}}},
          {{Shape{2, 9001}}, {{"axes", Axes{1}}}},
          {{Shape{3, 130, 300}}, {{"axes", Axes{1}}}}};
}
}  // namespace cambium
