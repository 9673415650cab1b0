// Reaches along one axis: windows, prefixes, moves.
#include <algorithm>

#include "graph/reach/reach.h"

namespace cambium {
namespace {
Heard both(Heard a, const Heard& b) {
  a.join(b);
  return a;
}
}  // namespace

RangeJoin::RangeJoin(std::vector<Heard> line) : n_(int64_t(line.size())) {
  tree_.resize(size_t(2 * n_));
  std::ranges::copy(line, tree_.begin() + n_);
  for (int64_t i = n_ - 1; i > 0; --i)
    tree_[size_t(i)] = both(tree_[size_t(2 * i)], tree_[size_t(2 * i + 1)]);
}

Heard RangeJoin::over(int64_t begin, int64_t end) const {
  begin = std::max<int64_t>(begin, 0), end = std::min(end, n_);
  if (end == begin + 1) return tree_[size_t(begin + n_)];
  Heard all;
  for (begin += n_, end += n_; begin < end; begin /= 2, end /= 2) {
    if (begin % 2) all.join(tree_[size_t(begin++)]);
    if (end % 2) all.join(tree_[size_t(--end)]);
  }
  return all;
}

Reach along(const Reach& r, int axis, int64_t extent, const Spans& spans) {
  const int64_t old = r.shape[axis];
  Shape shape = r.shape;
  shape.set(axis, extent);
  Reach out(shape);
  out.stored = r.stored;
  out.stored.set(axis, extent > 0 ? extent : 1);
  out.cells.assign(size_t(out.stored.count()), {});
  const int64_t inner = r.stored.count_between(axis + 1, r.stored.rank()), n = r.stored[axis];
  const int64_t outer = int64_t(r.cells.size()) / std::max<int64_t>(1, n * inner);
  for (int64_t o = 0; o < outer && extent > 0; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      std::vector<Heard> line;
      for (int64_t k = 0; k < n; ++k) line.push_back(r.cells[size_t((o * n + k) * inner + i)]);
      const RangeJoin ranges(n == old ? std::move(line) : std::vector<Heard>(1, line[0]));
      for (int64_t k = 0; k < extent; ++k) {
        Heard& cell = out.cells[size_t((o * extent + k) * inner + i)];
        cell.zero = true;
        bool first = true;
        spans(k, [&](int64_t begin, int64_t end) {
          begin = std::max<int64_t>(begin, 0), end = std::min(end, old);
          if (begin >= end) return;
          const Heard more = n == old ? ranges.over(begin, end) : ranges.over(0, 1);
          const bool moved = first && end == begin + 1;
          cell = moved ? more : both(cell, more);
          first = false;
        });
      }
    }
  compact(out);
  return out;
}
}  // namespace cambium
