#include "ops/message/support/components.h"

#include <algorithm>

#include "graph/graph.h"

namespace cambium {
namespace {
void add_neighbours(const Csr& csr, int32_t node, std::vector<int32_t>& to) {
  for (int32_t e = csr.begin[size_t(node)]; e < csr.begin[size_t(node) + 1]; ++e)
    if (csr.neighbour[size_t(e)] != node) to.push_back(csr.neighbour[size_t(e)]);
}

// Of either direction, in rising order, each once.
std::vector<int32_t> neighbours_of(const Adjacency& g, int32_t node) {
  std::vector<int32_t> all;
  add_neighbours(g.in, node, all);
  add_neighbours(g.out, node, all);
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}
}  // namespace

std::vector<Component> components(const Adjacency& g) {
  std::vector<Component> out;
  std::vector<int32_t> place(size_t(g.nodes), -1), reached;
  for (int32_t start = 0; start < g.nodes; ++start) {
    if (place[size_t(start)] >= 0) continue;
    reached = {start};
    place[size_t(start)] = 0;
    for (size_t i = 0; i < reached.size(); ++i)
      for (int32_t next : neighbours_of(g, reached[i]))
        if (place[size_t(next)] < 0) {
          place[size_t(next)] = 0;
          reached.push_back(next);
        }
    std::ranges::sort(reached);
    for (size_t i = 0; i < reached.size(); ++i) place[size_t(reached[i])] = int32_t(i);
    Component c{.nodes = reached, .begin = {0}};
    for (int32_t node : reached) {
      for (int32_t next : neighbours_of(g, node)) c.neighbour.push_back(place[size_t(next)]);
      c.begin.push_back(int32_t(c.neighbour.size()));
    }
    out.push_back(std::move(c));
  }
  return out;
}

void ComponentCache::fill(const Adjacency& g, float* y) {
  const std::lock_guard lock(mutex_);
  for (const Component& c : components(g)) {
    std::vector<int32_t> key = c.begin;
    key.insert(key.end(), c.neighbour.begin(), c.neighbour.end());
    const auto [found, fresh] = known_.try_emplace(std::move(key));
    if (fresh) {
      const std::vector<double> rows = rows_(c, width_);
      found->second.assign(rows.begin(), rows.end());
    }
    for (int64_t i = 0; i < c.size(); ++i)
      std::copy_n(found->second.data() + i * width_, width_,
                  y + int64_t(c.nodes[size_t(i)]) * width_);
  }
}

std::vector<ValueType> component_type(const Call& c, int64_t width) {
  require(c.dtype(0) == DType::kAdjacency, "the input must be an adjacency, got ", c.in[0].type());
  return {{DType::kF32, {c.shape(0)[0], width}}};
}

void component_reference(const ComponentRows& rows, int64_t width, std::span<const Ref> in,
                         std::span<Ref> out) {
  for (const Component& c : components(*in[0].adjacency)) {
    const std::vector<double> x = rows(c, width);
    for (int64_t i = 0; i < c.size(); ++i)
      std::copy_n(x.begin() + i * width, width,
                  out[0].data.begin() + int64_t(c.nodes[size_t(i)]) * width);
  }
}

Kernel component_kernel(const ComponentRows& rows, int64_t width) {
  const auto cache = std::make_shared<ComponentCache>(rows, width);
  return {.run = [cache](const KernelArgs& k) { cache->fill(k.adjacency(0), k.out_f32()); }};
}
}  // namespace cambium
