#include "blocks/compose/ends.h"

#include <algorithm>
#include <set>

namespace cambium {
namespace {
// Where each weight meets what depends on the data: there its product stands, whatever reshapes or
// kernels are made of it before.
class Meetings {
 public:
  Meetings(const Graph& graph, std::span<const Value> data)
      : graph_(graph), at_(graph.nodes().size()) {
    for (const Value v : data)
      if (v) at_[size_t(v.node)].hears_data = true;
    for (size_t id = 0; id < at_.size(); ++id) visit(graph.node(int(id)), at_[id], int(id));
  }

  // The weights all of whose products hear the data alone.
  std::set<int> first() const {
    std::set<int> out, later;
    for (const At& at : at_)
      if (at.hears_data) (at.hears_weights ? later : out).insert(at.met.begin(), at.met.end());
    return without(std::move(out), later);
  }

  // The weights all of whose products reach `end` without meeting another.
  std::set<int> last(int end) const {
    std::set<int> out, earlier;
    std::vector<char> reached(at_.size());
    reached[size_t(end)] = 1;
    for (int id = end; id >= 0; --id) {
      const At& at = at_[size_t(id)];
      if (!at.hears_data) continue;
      (reached[size_t(id)] ? out : earlier).insert(at.met.begin(), at.met.end());
      if (!reached[size_t(id)] || !at.met.empty()) continue;
      for (const Port p : graph_.node(id).inputs)
        if (p.node >= 0) reached[size_t(p.node)] = 1;
    }
    return without(std::move(out), earlier);
  }

 private:
  struct At {
    bool hears_data = false;
    bool hears_weights = false;  // of other products, through the data
    std::set<int> met;           // the weights whose products stand here, or that it is made of
  };

  void visit(const Node& n, At& at, int id) {
    const ParameterKind kind = n.parameter.kind;
    if (n.role == Role::kParameter && (is_product(kind) || kind == ParameterKind::kEmbedding))
      at.met.insert(id);
    for (const Port p : n.inputs) {
      if (p.node < 0) continue;
      const At& in = at_[size_t(p.node)];
      at.hears_data |= in.hears_data;
      at.hears_weights |= in.hears_data && (in.hears_weights || !in.met.empty());
      if (!in.hears_data) at.met.insert(in.met.begin(), in.met.end());
    }
  }

  static std::set<int> without(std::set<int> all, const std::set<int>& some) {
    std::erase_if(all, [&](int id) { return some.contains(id); });
    return all;
  }

  const Graph& graph_;
  std::vector<At> at_;
};
}  // namespace

void settle_ends(Graph& graph, std::span<const Value> data, Value out) {
  const Meetings meetings(graph, data);
  const auto settle = [&](const std::set<int>& weights, ParameterKind kind) {
    for (const int id : weights)
      if (is_product(graph.node(id).parameter.kind)) graph.set_kind(id, kind);
  };
  settle(meetings.first(), ParameterKind::kInput);
  settle(meetings.last(out.node), ParameterKind::kOutput);
}
}  // namespace cambium
