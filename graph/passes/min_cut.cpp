// Maximum flow by pushing and relabelling (Goldberg and Tarjan 1988, doi 10.1145/48014.61051), from
// Boost.Graph; then the vertices from which the sink can still be reached.
#include "graph/passes/min_cut.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>

namespace cambium {
namespace {
using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;

struct FlowEdge {
  int64_t capacity = 0, residual = 0;
  Traits::edge_descriptor reverse;
};

using FlowNetwork =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, FlowEdge>;

void add_edge(FlowNetwork& network, const CutEdge& e) {
  const auto there = boost::add_edge(size_t(e.from), size_t(e.to), network).first;
  const auto back = boost::add_edge(size_t(e.to), size_t(e.from), network).first;
  network[there].capacity = e.capacity;
  network[there].reverse = back;
  network[back].reverse = there;
}
}  // namespace

std::vector<bool> sink_side(int vertices, std::span<const CutEdge> edges, int source, int sink) {
  FlowNetwork network{size_t(vertices)};
  for (const CutEdge& e : edges) add_edge(network, e);
  boost::push_relabel_max_flow(
      network, size_t(source), size_t(sink), boost::get(&FlowEdge::capacity, network),
      boost::get(&FlowEdge::residual, network), boost::get(&FlowEdge::reverse, network),
      boost::get(boost::vertex_index, network));
  std::vector<bool> reaches(size_t(vertices), false);
  std::vector<size_t> open = {size_t(sink)};
  reaches[size_t(sink)] = true;
  while (!open.empty()) {
    const size_t v = open.back();
    open.pop_back();
    for (const auto& e : boost::make_iterator_range(boost::out_edges(v, network))) {
      const size_t u = boost::target(e, network);
      if (reaches[u] || network[network[e].reverse].residual == 0) continue;
      reaches[u] = true;
      open.push_back(u);
    }
  }
  return reaches;
}
}  // namespace cambium
