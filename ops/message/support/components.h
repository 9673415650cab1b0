// The connected parts of a graph, directions and self loops aside, and numbers of their nodes that
// depend on the part alone.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "graph/op.h"

namespace cambium {
struct Component {
  std::vector<int32_t> nodes;  // in rising order; node i below is nodes[i]
  // The neighbours of i are neighbour[begin[i] .. begin[i+1]), in rising order.
  std::vector<int32_t> begin, neighbour;

  int64_t size() const { return int64_t(nodes.size()); }

  int64_t degree(int64_t i) const { return begin[size_t(i) + 1] - begin[size_t(i)]; }
};

std::vector<Component> components(const Adjacency& g);

// Row-major [size, width] numbers of a component.
using ComponentRows = std::function<std::vector<double>(const Component&, int64_t width)>;

// What ComponentRows answers for every graph it has seen: a graph that comes back in another batch
// is looked up. It grows with the different graphs, not with the steps.
class ComponentCache {
 public:
  ComponentCache(ComponentRows rows, int64_t width) : rows_(std::move(rows)), width_(width) {}

  // y [nodes, width].
  void fill(const Adjacency& g, float* y);

 private:
  ComponentRows rows_;
  int64_t width_;
  std::mutex mutex_;
  std::map<std::vector<int32_t>, std::vector<float>> known_;  // by begin and neighbour
};

// Ops whose one input is an adjacency of N nodes and whose result is [N,width].
std::vector<ValueType> component_type(const Call& c, int64_t width);
void component_reference(const ComponentRows& rows, int64_t width, std::span<const Ref> in,
                         std::span<Ref> out);
Kernel component_kernel(const ComponentRows& rows, int64_t width);

// Eigenvectors of the normalised Laplacian I - D^-1/2 A D^-1/2 of a component, of the `width`
// smallest eigenvalues above the 0 that every component has, in rising order: unit columns whose
// largest entry (of equals the first) is positive; zeros where there are fewer. Dense up to 512
// nodes, then by Lanczos's method with full orthogonalisation (Lanczos 1950), which of a multiple
// eigenvalue may find fewer vectors than there are.
std::vector<double> laplacian_rows(const Component& c, int64_t width);
}  // namespace cambium
