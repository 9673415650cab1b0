#include "blocks/compose/channel_parts.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace cambium {
namespace {
bool is_weight(const Node& n) {
  return n.role == Role::kParameter || n.role == Role::kState;
}

int64_t sum_of(const Parts& parts) {
  return std::accumulate(parts.begin(), parts.end(), int64_t{0});
}

// Gates of a recurrence lie side by side in the last axis of what it reads.
int64_t gates_of(const Node& n) {
  return n.op->name == "lstm" ? 4 : n.op->name == "gru" ? 3 : 1;
}

class ChannelWalk {
 public:
  explicit ChannelWalk(const Graph& g) : g_(g), readers_(g.nodes().size()) {
    for (size_t id = 0; id < g.nodes().size(); ++id)
      for (const Port p : g.node(int(id)).inputs)
        if (p.node >= 0) readers_[size_t(p.node)].push_back(int(id));
  }

  std::map<std::string, std::vector<Parts>> weights() {
    for (size_t id = 0; id < g_.nodes().size(); ++id) visit(int(id));
    return std::move(weights_);
  }

 private:
  void visit(int id) {
    const Node& n = g_.node(id);
    if (is_weight(n)) {
      std::vector<Parts>& axes = weights_[n.scope.path];
      for (int a = 0; a < n.outputs[0].shape.rank(); ++a) axes.push_back({n.outputs[0].shape[a]});
    }
    if (!n.op) return set_all(n, id);
    const Parts heard = heard_by(n);
    const bool makes = makes_channels(n);
    const Parts made = makes ? cuts_of(id, n.outputs[0]) : Parts{};
    for (const Port p : n.inputs)
      if (p.node >= 0 && is_weight(g_.node(p.node))) part_weight(g_.node(p.node), n, heard, made);
    if (makes)
      set(id, made);
    else if (n.op->name == "slice" && on_last_axis(n))
      set(id, piece_of(n, heard));
    else if (n.op->name == "concat" && on_last_axis(n))
      set(id, joined(n));
    else
      set_all(n, id, heard);
  }

  // Of the first input that no weight is.
  Parts heard_by(const Node& n) const {
    for (const Port p : n.inputs)
      if (p.node >= 0 && !is_weight(g_.node(p.node))) return parts_of(p);
    return {};
  }

  // Whether the last axis of what it gives is that of a weight, not of what it hears.
  bool makes_channels(const Node& n) const {
    const std::string_view name = n.op->name;
    if (std::ranges::none_of(n.inputs,
                             [&](Port p) { return p.node >= 0 && is_weight(g_.node(p.node)); }))
      return false;
    return n.op->row_product || name == "conv2d" || name == "embed" || name == "sparse_linear" ||
           name == "grouped_linear";
  }

  bool on_last_axis(const Node& n) const {
    const auto axis = std::get<int64_t>(n.attrs.find("axis")->variant());
    return axis == -1 || axis + 1 == n.outputs[0].shape.rank();
  }

  Parts parts_of(Port p) const {
    const auto found = values_.find(p);
    return found == values_.end() ? Parts{} : found->second;
  }

  void set(int id, Parts parts) { values_[{id, 0}] = std::move(parts); }

  // Pointwise operators, norms and whatever else keeps the last axis keep its parts.
  void set_all(const Node& n, int id, const Parts& heard = {}) {
    for (int o = 0; o < int(n.outputs.size()); ++o) {
      const Shape& s = n.outputs[size_t(o)].shape;
      if (s.rank() == 0) continue;
      const bool kept = !heard.empty() && sum_of(heard) == s.last();
      values_[{id, o}] = kept ? heard : Parts{s.last()};
    }
  }

  static Parts piece_of(const Node& n, const Parts& heard) {
    const auto begin = std::get<int64_t>(n.attrs.find("begin")->variant()),
               end = std::get<int64_t>(n.attrs.find("end")->variant());
    Parts out;
    int64_t at = 0;
    for (const int64_t part : heard) {
      const int64_t low = std::max(at, begin), high = std::min(at + part, end);
      if (low < high) out.push_back(high - low);
      at += part;
    }
    return out;
  }

  Parts joined(const Node& n) const {
    Parts out;
    for (const Port p : n.inputs) {
      const Parts one = parts_of(p);
      out.insert(out.end(), one.begin(), one.end());
    }
    return out;
  }

  // Where readers cut what a node makes, also behind operators that keep its channels.
  Parts cuts_of(int id, const ValueType& type) const {
    const int64_t width = type.shape.last();
    std::set<int64_t> cuts = {0, width};
    std::set<int> seen;
    std::vector<int> open = {id};
    while (!open.empty()) {
      const int at = open.back();
      open.pop_back();
      for (const int reader : readers_[size_t(at)]) {
        if (!seen.insert(reader).second) continue;
        const Node& n = g_.node(reader);
        if (add_cuts(n, width, cuts) || makes_channels(n)) continue;
        if (n.outputs[0].shape.rank() > 0 && n.outputs[0].shape.last() == width)
          open.push_back(reader);
      }
    }
    Parts parts;
    for (auto low = cuts.begin(), high = std::next(low); high != cuts.end(); ++low, ++high)
      parts.push_back(*high - *low);
    return parts;
  }

  // Whether the reader takes pieces of a last axis of that width.
  bool add_cuts(const Node& n, int64_t width, std::set<int64_t>& cuts) const {
    if (n.op->name == "slice" && on_last_axis(n)) {
      if (g_.type(n.inputs[0]).shape.last() != width) return true;
      cuts.insert(std::get<int64_t>(n.attrs.find("begin")->variant()));
      cuts.insert(std::get<int64_t>(n.attrs.find("end")->variant()));
      return true;
    }
    const int64_t gates = gates_of(n);
    for (int64_t i = 1; i < gates; ++i) cuts.insert(width / gates * i);
    return gates > 1;
  }

  void part_weight(const Node& w, const Node& reader, const Parts& heard, const Parts& made) {
    std::vector<Parts>& axes = weights_[w.scope.path];
    const Shape& shape = w.outputs[0].shape;
    for (int a = 0; a < shape.rank(); ++a) {
      Parts& parts = axes[size_t(a)];
      if (parts.size() > 1) continue;  // from another reader
      const bool last = a + 1 == shape.rank();
      const int64_t gates = gates_of(reader);
      if (last && gates > 1)
        parts = Parts(size_t(gates), shape[a] / gates);
      else if (last && !made.empty() && sum_of(made) == shape[a])
        parts = made;
      else if (!heard.empty() && sum_of(heard) == shape[a])
        parts = heard;
    }
  }

  const Graph& g_;
  std::vector<std::vector<int>> readers_;
  std::map<Port, Parts> values_;
  std::map<std::string, std::vector<Parts>> weights_;
};
}  // namespace

std::map<std::string, std::vector<Parts>> channel_parts(const Graph& model) {
  return ChannelWalk(model).weights();
}
}  // namespace cambium
