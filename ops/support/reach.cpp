#include "ops/support/reach.h"

#include <array>

namespace cambium {
namespace {
bool is_float(const Call& c, int i) {
  return c.dtype(i) == DType::kF32 || c.dtype(i) == DType::kBf16;
}

// [B,T] of a value [B,T,...].
Reach leading(const Reach& r) {
  return reduced(r, axes_after(r.shape, 2), {r.shape[0], r.shape[1]});
}
}  // namespace

Heard whole_from(std::span<const Reach> in, size_t first) {
  Heard all;
  for (size_t i = first; i < in.size(); ++i) all.join(whole(in[i]));
  return all;
}

void reach_all(const Call&, std::span<const Reach> in, std::span<Reach> out) {
  const Heard all = whole_from(in, 0);
  for (Reach& r : out) join_whole(r, all);
}

void reach_nothing(const Call&, std::span<const Reach>, std::span<Reach>) {}

void reach_pointwise(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  for (Reach& y : out)
    for (int i = 0; i < c.inputs(); ++i) {
      if (!c.has(i)) continue;
      if (is_float(c, i) && fits(c.shape(i), y.shape))
        y = joined(y, in[size_t(i)], y.shape);
      else
        join_whole(y, whole(in[size_t(i)]));
    }
}

Reach windows(const Reach& r, int axis, const Window& w) {
  return along(r, axis, w.out, [&](int64_t o, const Hear& hear) {
    if (w.dilation == 1) return hear(w.at(o, 0), w.at(o, w.kernel));
    for (int64_t k = 0; k < w.kernel; ++k) hear(w.at(o, k), w.at(o, k) + 1);
  });
}

Reach as_rows(const Reach& r) {
  return reduced(r, std::array{r.shape.rank() - 1}, {r.shape.rows()});
}

Reach from_rows(const Reach& rows, const Shape& to) {
  if (to.count() == 0) return Reach(to);
  if (rows.shape.count() == to.count()) return reshaped(rows, to);
  const Reach one = reshaped(rows, to.with_last(1));
  return spread(one, to);
}

void reach_rows(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const int64_t n = c.shape(0).rows();
  Reach rows = as_rows(in[0]);
  join_whole(rows, whole_from(in, 1));
  for (Reach& y : out) {
    if (y.shape.count() == 0) continue;
    if (y.shape.count() == n || (y.shape.rank() > 0 && y.shape.rows() == n))
      y = from_rows(rows, y.shape);
    else
      join_whole(y, whole(rows));
  }
}

void reach_in_order(const Call& c, std::span<const Reach> in, std::span<Reach> out, bool reversed) {
  const int64_t B = c.shape(0)[0], T = c.shape(0)[1];
  if (B * T == 0) return;
  Reach steps(Shape{B, T});
  Heard weights;
  for (int i = 0; i < c.inputs(); ++i) {
    if (!c.has(i)) continue;
    const Shape& s = c.shape(i);
    if (s.rank() >= 3 && s[0] == B && s[1] == T && s.count() > 0)
      steps = joined(steps, leading(in[size_t(i)]), steps.shape);
    else
      weights.join(whole(in[size_t(i)]));
  }
  steps = along(steps, 1, T,
                [&](int64_t t, const Hear& hear) { reversed ? hear(t, T) : hear(0, t + 1); });
  join_whole(steps, weights);
  const Reach examples = reduced(steps, std::array{1}, {B});
  for (Reach& y : out) {
    if (y.shape.count() == 0) continue;
    const bool every_step = y.shape.rank() >= 2 && y.shape[0] == B && y.shape[1] == T;
    Shape lead = y.shape;
    for (int i = every_step ? 2 : 1; i < lead.rank(); ++i) lead.set(i, 1);
    if (every_step || y.shape[0] == B)
      y = spread(reshaped(every_step ? steps : examples, lead), y.shape);
    else
      join_whole(y, whole(steps));
  }
}

void reach_back(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  reach_in_order(c, in, out, false);
}
}  // namespace cambium
