#include "graph/reach/reach.h"

#include <algorithm>

namespace cambium {
namespace {
constexpr int64_t kMostCells = int64_t{1} << 22;

Shape once(const Shape& s) {
  Shape out = s;
  for (int i = 0; i < s.rank(); ++i) out.set(i, 1);
  return out;
}

// Calls f(position of each operand's cell) for all cells of `over`, operands read by strides.
template <size_t N, class F>
void each_cell(const Shape& over,
               const std::array<std::array<int64_t, Shape::kMaxRank>, N>& strides, const F& f) {
  const int rank = over.rank();
  const int64_t count = over.count();
  std::array<int64_t, Shape::kMaxRank> index{};
  std::array<int64_t, N> at{};
  for (int64_t i = 0; i < count; ++i) {
    f(i, at);
    for (int axis = rank - 1; axis >= 0; --axis) {
      for (size_t k = 0; k < N; ++k) at[k] += strides[k][size_t(axis)];
      if (++index[size_t(axis)] < over[axis]) break;
      for (size_t k = 0; k < N; ++k) at[k] -= strides[k][size_t(axis)] * over[axis];
      index[size_t(axis)] = 0;
    }
  }
}

// The strides of r seen from the right-aligned, longer `to`.
std::array<int64_t, Shape::kMaxRank> strides_in(const Reach& r, const Shape& to) {
  const auto own = r.strides();
  std::array<int64_t, Shape::kMaxRank> out{};
  const int shift = to.rank() - r.shape.rank();
  for (int i = 0; i < r.shape.rank(); ++i)
    out[size_t(i + shift)] = r.stored[i] == 1 ? 0 : own[size_t(i)];
  return out;
}

Shape stored_of(const Reach& a, const Reach& b, const Shape& to) {
  Shape out = once(to);
  for (const Reach* r : {&a, &b})
    for (int i = 0; i < r->shape.rank(); ++i) {
      const int at = i + to.rank() - r->shape.rank();
      if (r->stored[i] != 1) out.set(at, to[at]);
    }
  return out;
}

template <class F> Reach combined(const Reach& a, const Reach& b, const Shape& to, const F& f) {
  Reach out(to);
  out.stored = stored_of(a, b, to);
  out.cells.assign(size_t(out.stored.count()), {});
  each_cell<2>(out.stored, {strides_in(a, to), strides_in(b, to)},
               [&](int64_t i, const std::array<int64_t, 2>& at) {
                 out.cells[size_t(i)] = f(a.cells[size_t(at[0])], b.cells[size_t(at[1])]);
               });
  return out;
}

Heard joined_cell(Heard a, const Heard& b) {
  a.join(b);
  return a;
}

// The same with the axes in [begin, end) stored in full.
Reach expanded(const Reach& r, int begin, int end) {
  Reach out = r;
  for (int i = begin; i < end; ++i) out.stored.set(i, r.shape[i]);
  if (out.stored == r.stored) return out;
  out.cells.assign(size_t(out.stored.count()), {});
  each_cell<1>(out.stored, {strides_in(r, r.shape)},
               [&](int64_t i, const std::array<int64_t, 1>& at) {
                 out.cells[size_t(i)] = r.cells[size_t(at[0])];
               });
  return out;
}

// Neighbouring axes [a0, a1) of one shape that are the axes [b0, b1) of the other.
struct AxisGroup {
  int a0, a1, b0, b1;
};

std::vector<AxisGroup> groups_between(const Shape& a, const Shape& b) {
  std::vector<AxisGroup> out;
  int i = 0, j = 0;
  while (i < a.rank() || j < b.rank()) {
    AxisGroup g{i, i, j, j};
    int64_t pa = 1, pb = 1;
    if (i < a.rank()) pa = a[i++];
    if (j < b.rank()) pb = b[j++];
    while (pa != pb) {
      if (pa < pb)
        pa *= a[i++];
      else
        pb *= b[j++];
    }
    g.a1 = i, g.b1 = j;
    out.push_back(g);
  }
  return out;
}

bool has_zeros(const Reach& r) {
  return std::ranges::any_of(r.cells, [](const Heard& h) { return h.zero; });
}
}  // namespace

Reach::Reach(const Shape& of) : shape(of), stored(once(of)), cells(1) {}

std::array<int64_t, Shape::kMaxRank> Reach::strides() const {
  std::array<int64_t, Shape::kMaxRank> out{};
  int64_t stride = 1;
  for (int i = stored.rank() - 1; i >= 0; --i) {
    out[size_t(i)] = stored[i] == 1 ? 0 : stride;
    stride *= stored[i];
  }
  return out;
}

void compact(Reach& r) {
  for (int axis = 0; axis < r.stored.rank(); ++axis) {
    const int64_t n = r.stored[axis], inner = r.stored.count_between(axis + 1, r.stored.rank());
    if (n <= 1) continue;
    const auto count = int64_t(r.cells.size());
    bool same = true;
    for (int64_t i = 0; i < count && same; ++i)
      same = r.cells[size_t(i)] == r.cells[size_t(i - i / inner % n * inner)];
    if (!same) continue;
    std::vector<Heard> kept;
    for (int64_t i = 0; i < count; ++i)
      if (i / inner % n == 0) kept.push_back(r.cells[size_t(i)]);
    r.cells = std::move(kept);
    r.stored.set(axis, 1);
  }
}

Reach reach_of_known(const Shape& shape, std::shared_ptr<const Ref> numbers) {
  Reach r(shape);
  if (shape.count() > 0 && shape.count() <= kMostCells) {
    r.stored = shape;
    r.cells.assign(size_t(shape.count()), {});
    for (size_t i = 0; i < r.cells.size(); ++i) r.cells[i].zero = numbers->data[i] == 0;
    compact(r);
  }
  r.known = std::move(numbers);
  return r;
}

Heard whole(const Reach& r) {
  Heard all;
  for (const Heard& h : r.cells) all.join(h);
  return all;
}

void join_whole(Reach& r, const Heard& all) {
  if (all.nothing()) return;
  for (Heard& h : r.cells) h.join(all);
}

Reach mixed(const Reach& r, std::span<const int> axes) {
  Reach out(r.shape);
  out.stored = r.stored;
  for (int axis : axes) out.stored.set(axis, 1);
  if (out.stored == r.stored) {
    out.cells = r.cells;
    for (Heard& h : out.cells) h.zero = false;
    return out;
  }
  out.cells.assign(size_t(out.stored.count()), {});
  each_cell<2>(r.stored, {r.strides(), out.strides()},
               [&](int64_t i, const std::array<int64_t, 2>& at) {
                 out.cells[size_t(at[1])].join(r.cells[size_t(i)]);
               });
  return out;
}

std::vector<int> axes_after(const Shape& s, int kept) {
  std::vector<int> axes;
  for (int i = kept; i < s.rank(); ++i) axes.push_back(i);
  return axes;
}

Reach reduced(const Reach& r, std::span<const int> axes, const Shape& to) {
  Reach one = mixed(r, axes);
  if (r.shape.count() == 0) return Reach(to);
  for (int axis : axes) one.shape.set(axis, 1);
  return reshaped(one, to);
}

Reach reshaped(const Reach& r, const Shape& to) {
  if (to.count() == 0 || r.shape.count() == 0) return Reach(to);
  Reach from = r, out(to);
  for (const AxisGroup& g : groups_between(r.shape, to)) {
    const bool once_stored = from.stored.count_between(g.a0, g.a1) == 1;
    if (once_stored) continue;
    const auto cells = [&] {
      const int64_t others = from.stored.count() / from.stored.count_between(g.a0, g.a1);
      return others * from.shape.count_between(g.a0, g.a1);
    };
    // Axes behind the group first: examples and places stand in front.
    for (int axis = from.shape.rank() - 1; axis >= g.a1 && cells() > kMostCells; --axis)
      if (!from.uniform(axis)) from = mixed(from, std::array{axis});
    if (cells() > kMostCells) {
      std::vector<int> axes;
      for (int i = g.a0; i < g.a1; ++i) axes.push_back(i);
      from = mixed(from, axes);
      continue;
    }
    from = expanded(from, g.a0, g.a1);
    for (int i = g.b0; i < g.b1; ++i) out.stored.set(i, to[i]);
  }
  out.cells = std::move(from.cells);
  compact(out);
  return out;
}

Reach transposed(const Reach& r, std::span<const int64_t> perm) {
  Shape shape = r.shape, stored = r.stored;
  const auto own = r.strides();
  std::array<int64_t, Shape::kMaxRank> strides{};
  for (int i = 0; i < r.shape.rank(); ++i) {
    shape.set(i, r.shape[int(perm[size_t(i)])]);
    stored.set(i, r.stored[int(perm[size_t(i)])]);
    strides[size_t(i)] = own[size_t(perm[size_t(i)])];
  }
  Reach out(shape);
  out.stored = stored;
  out.cells.assign(r.cells.size(), {});
  each_cell<1>(stored, {strides}, [&](int64_t i, const std::array<int64_t, 1>& at) {
    out.cells[size_t(i)] = r.cells[size_t(at[0])];
  });
  return out;
}

bool fits(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  for (int i = 1; i <= from.rank(); ++i)
    if (from[-i] != to[-i] && from[-i] != 1) return false;
  return true;
}

Reach joined(const Reach& a, const Reach& b, const Shape& to) {
  return combined(a, b, to, joined_cell);
}

Reach product(const Reach& a, const Reach& b, const Shape& to) {
  return combined(a, b, to, [](const Heard& x, const Heard& y) {
    if (!x.zero && !y.zero) return joined_cell(x, y);
    Heard cut;
    cut.zero = true;
    return cut;
  });
}

Reach spread(const Reach& r, const Shape& to) {
  return combined(r, Reach(to), to, [](const Heard& x, const Heard&) { return x; });
}

Reach contracted(const Reach& a, const Reach& b, const Shape& to) {
  const int ka = a.shape.rank() - 1, kb = b.shape.rank() - 2;
  // [..., M, 1] and [..., 1, N] of the whole sum.
  const auto sides = [&] {
    Reach left = mixed(a, std::array{ka}), right = mixed(b, std::array{kb});
    left.shape.set(ka, 1), right.shape.set(kb, 1);
    return joined(left, right, to);
  };
  if (a.shape[ka] == 0) return Reach(to);
  if ((!has_zeros(a) && !has_zeros(b)) || (a.uniform(ka) && b.uniform(kb))) return sides();
  Reach out(to);
  Reach left = a, right = b;
  left.shape.set(ka, 1), left.stored.set(ka, 1);
  right.shape.set(kb, 1), right.stored.set(kb, 1);
  out.stored = stored_of(left, right, to);
  const int64_t K = a.shape[ka];
  if (out.stored.count() > (int64_t{1} << 28) / K) return sides();
  out.cells.assign(size_t(out.stored.count()), {});
  auto sa = strides_in(a, to), sb = strides_in(b, to);
  const int64_t step_a = sa[size_t(to.rank() - 1)], step_b = sb[size_t(to.rank() - 2)];
  sa[size_t(to.rank() - 1)] = sb[size_t(to.rank() - 2)] = 0;
  each_cell<2>(out.stored, {sa, sb}, [&](int64_t i, const std::array<int64_t, 2>& at) {
    for (int64_t k = 0; k < K; ++k) {
      const Heard &x = a.cells[size_t(at[0] + k * step_a)],
                  &y = b.cells[size_t(at[1] + k * step_b)];
      if (!x.zero && !y.zero) out.cells[size_t(i)].join(joined_cell(x, y));
    }
  });
  return out;
}
}  // namespace cambium
