#include "ops/message/support/edge_reach.h"

namespace cambium {
namespace {
const Heard& row(const Reach& r, int64_t i) {
  return r.cells[r.uniform(0) ? 0 : size_t(i)];
}

Reach stored_whole(int64_t rows) {
  Reach r(Shape{rows});
  r.stored = Shape{std::max<int64_t>(rows, 1)};
  r.cells.assign(size_t(r.stored.count()), {});
  return r;
}

Reach all_of(const Reach& r, int64_t rows) {
  Reach out(Shape{rows});
  join_whole(out, whole(r));
  return out;
}
}  // namespace

Reach without_channels(const Reach& r) {
  return reduced(r, axes_after(r.shape, 1), {r.shape[0]});
}

Reach with_channels(const Reach& rows, const Shape& to) {
  Shape one = to;
  for (int i = 1; i < to.rank(); ++i) one.set(i, 1);
  return to.count() == 0 ? Reach(to) : spread(reshaped(rows, one), to);
}

EdgeReach::EdgeReach(const Call& c, const Reach& graph, bool self_loops)
    : graph_(graph.adjacency ? &graph_of(*graph.adjacency, self_loops) : nullptr),
      nodes_(c.shape(0)[0]),
      edges_(most_edges(c.shape(0), self_loops)) {}

Reach EdgeReach::edges_of(const Reach& nodes, bool source, bool target) const {
  if (!graph_) return all_of(nodes, edges_);
  Reach out = stored_whole(edges_);
  for_each_edge(*graph_, [&](int64_t e, int64_t j, int64_t i) {
    if (source) out.cells[size_t(e)].join(row(nodes, j));
    if (target) out.cells[size_t(e)].join(row(nodes, i));
  });
  return out;
}

Reach EdgeReach::nodes_of(const Reach& edges, bool leaving) const {
  if (!graph_) return all_of(edges, nodes_);
  Reach out = stored_whole(nodes_);
  for_each_edge(*graph_, [&](int64_t e, int64_t j, int64_t i) {
    out.cells[size_t(leaving ? j : i)].join(row(edges, e));
  });
  return out;
}

Reach EdgeReach::neighbours_of(const Reach& nodes, bool leaving) const {
  if (!graph_) return all_of(nodes, nodes_);
  Reach out = stored_whole(nodes_);
  for_each_edge(*graph_, [&](int64_t, int64_t j, int64_t i) {
    out.cells[size_t(leaving ? j : i)].join(row(nodes, leaving ? i : j));
  });
  return out;
}
}  // namespace cambium
