// All combinations, the last dimension fastest; ranges at equal distances, their ends included.
#include <algorithm>

#include "search/methods/support/method.h"

namespace cambium::method_grid {
namespace {
struct Grid {
  int64_t points = 5;

  static constexpr auto fields =
      std::tuple{field("points", &Grid::points, "values of each range").in(1, 10'000)};
};

int64_t levels_of(const Dimension& d, int64_t points) {
  return is_ordered(d) ? std::min(points, count_of(d)) : count_of(d);
}

Gene level(const Dimension& d, int64_t i, int64_t levels) {
  if (!is_ordered(d)) return gene_at(d, i);
  const double unit = levels == 1 ? 0.5 : double(i) / double(levels - 1);
  if (d.kind == DimensionKind::kInt) return gene_at(d, int64_t(unit * double(d.count - 1) + 0.5));
  return gene_of_unit(d, unit);
}

int64_t size_of(const Space& space, int64_t points) {
  int64_t all = 1;
  for (const Dimension& d : space.dimensions())
    if (__builtin_mul_overflow(all, levels_of(d, points), &all)) return kUncountable;
  return std::min(all, kUncountable);
}

SpacePoint at(const Space& space, int64_t index, int64_t points) {
  SpacePoint p;
  p.genes.resize(space.dimensions().size());
  for (size_t i = p.genes.size(); i-- > 0;) {
    const Dimension& d = space.dimensions()[i];
    const int64_t n = levels_of(d, points);
    p.genes[i] = level(d, index % n, n);
    index /= n;
  }
  for (const size_t i : space.order())
    if (!space.active(i, p)) p.genes[i] = {};
  return p;
}

void check(const Attrs& options, const Space& space) {
  const int64_t size = size_of(space, options.as<Grid>().points);
  if (size > 1'000'000)
    throw UserError(str("the grid has ", size == kUncountable ? "endless" : str(size),
                        " points, more than anyone tries"),
                    "take fewer `points`, or another method", space.mark());
}

// The first that is new; each trial used up at least one.
std::optional<SpacePoint> propose(const ProposalInputs& in) {
  const int64_t points = in.options.as<Grid>().points, size = size_of(in.space, points);
  for (int64_t i = in.trial; i < size; ++i)
    if (SpacePoint p = at(in.space, i, points); in.fresh(p)) return p;
  return std::nullopt;
}
}  // namespace

extern const Method method_grid;
const Method method_grid = {.name = "grid",
                            .doc = "all combinations, the last dimension fastest",
                            .paper = "",
                            .attrs = fields_of<Grid>,
                            .propose = propose,
                            .check = check,
                            .many_objectives = true};
}  // namespace cambium::method_grid
