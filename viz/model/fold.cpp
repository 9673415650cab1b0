// Folding of equal neighbours, and the arrows between what is left.
#include <algorithm>
#include <set>

#include "viz/model/hierarchy.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
// "repeat.3" -> "repeat", "3" -> "": equal stems may fold.
std::string_view stem(std::string_view label) {
  const size_t end = label.find_last_not_of("0123456789._-");
  return end == std::string_view::npos ? "" : label.substr(0, end + 1);
}

void collect_nodes(const Hierarchy& h, int branch, std::vector<int>& out) {
  out.insert(out.end(), h.at(branch).nodes.begin(), h.at(branch).nodes.end());
  for (int child : h.at(branch).children) collect_nodes(h, child, out);
}

std::string relative_path(const std::string& path, const std::string& base) {
  return path.substr(0, base.size()) == base ? path.substr(base.size()) : path;
}

// Everything that must agree before two branches are drawn as one: operators, attributes, types,
// inner names and wiring; what comes from outside is numbered in order of first use.
std::string signature(const Hierarchy& h, int branch) {
  std::vector<int> nodes;
  collect_nodes(h, branch, nodes);
  std::map<int, size_t> inside;
  for (size_t i = 0; i < nodes.size(); ++i) inside[nodes[i]] = i;
  std::map<Port, size_t> outside;
  std::string out;
  for (int id : nodes) {
    const Node& n = h.graph.node(id);
    const Box& leaf = h.at(h.leaf_of[size_t(id)]).box;
    out += str(n.kind(), "{", n.attrs.text(), "}", leaf.parameters, " ", leaf.frozen);
    if (n.op) out += relative_path(n.scope.path, h.at(branch).box.path);
    for (Port p : n.inputs) {
      p = shown_source(h, p);
      if (p.node < 0) {
        out += " none";
      } else if (const auto it = inside.find(p.node); it != inside.end()) {
        out += str(" %", it->second, ".", p.output);
      } else if (h.graph.node(p.node).role == Role::kParameter) {
        out += str(" w", h.graph.type(p));
      } else {
        out += str(" ^", outside.try_emplace(p, outside.size()).first->second);
      }
    }
    for (const ValueType& t : n.outputs) out += str(" ", t);
    out += '\n';
  }
  return out;
}

struct Run {  // `count` copies of `period` neighbours
  size_t period = 1, count = 1;
};

// The period (up to 8) that covers most from `at` on; the shortest of equals.
Run best_run(const std::vector<std::string>& keys, size_t at) {
  Run best;
  for (size_t period = 1; period <= 8 && at + 2 * period <= keys.size(); ++period) {
    size_t count = 1;
    while (at + (count + 1) * period <= keys.size() &&
           std::equal(keys.begin() + long(at), keys.begin() + long(at + period),
                      keys.begin() + long(at + count * period)))
      ++count;
    const bool foldable = std::all_of(keys.begin() + long(at), keys.begin() + long(at + period),
                                      [](const std::string& k) { return !k.empty(); });
    if (foldable && count > 1 && period * count > best.period * best.count) best = {period, count};
  }
  return best;
}

void alias(Hierarchy& h, int copy, int original) {
  h.at(copy).same_as = original;
  h.at(original).box.ms += h.at(copy).box.ms;
  for (size_t i = 0; i < h.at(copy).children.size(); ++i)
    alias(h, h.at(copy).children[i], h.at(original).children[i]);
}

std::string range_label(const std::string& first, const std::string& last) {
  const std::string_view s = stem(first);
  return str(first, "..", s.empty() ? last : last.substr(s.size()));
}

// Wraps `period` children into one new branch, so that a period folds like a single block.
int wrap(Hierarchy& h, int parent, std::span<const int> members) {
  Branch b;
  const Branch& first = h.at(members.front());
  const Branch& last = h.at(members.back());
  b.box = {.parent = parent, .path = str(first.box.path, "..", last.box.label)};
  b.box.label = range_label(first.box.label, last.box.label);
  b.box.tint = tint_of(last.to);
  b.box.out = last.box.out;
  b.box.mark = first.box.mark;
  b.from = first.from;
  b.to = last.to;
  b.in_shape = first.in_shape;
  b.children.assign(members.begin(), members.end());
  for (int m : members) {
    b.box.parameters += h.at(m).box.parameters;
    b.box.frozen += h.at(m).box.frozen;
    b.box.flops += h.at(m).box.flops;
    b.box.ms += h.at(m).box.ms;
  }
  const int id = int(h.branches.size());
  h.branches.push_back(std::move(b));
  for (int m : members) h.at(m).box.parent = id;
  return id;
}

void fold_children(Hierarchy& h, int branch, const std::vector<std::string>& keys);

void fold_run(Hierarchy& h, int branch, std::vector<int>& kept, std::span<const int> members,
              Run run) {
  if (run.count == 1) {
    kept.push_back(members[0]);
    return;
  }
  std::vector<int> copies;
  for (size_t k = 0; k < run.count; ++k) {
    const auto part = members.subspan(k * run.period, run.period);
    copies.push_back(run.period == 1 ? part[0] : wrap(h, branch, part));
    if (run.period == 1) continue;
    // CCA repeats as a whole; inside, C C may fold once more.
    std::vector<std::string> inner;
    for (int m : part) inner.push_back(str(stem(h.at(m).box.label), "\n", signature(h, m)));
    fold_children(h, copies.back(), inner);
  }
  const std::string first = h.at(members.front()).box.label, last = h.at(members.back()).box.label;
  Box& box = h.at(copies[0]).box;
  box.repeat = int(run.count);
  box.label = range_label(first, last);
  for (size_t k = 1; k < copies.size(); ++k) alias(h, copies[k], copies[0]);
  kept.push_back(copies[0]);
}

void fold_children(Hierarchy& h, int branch, const std::vector<std::string>& keys) {
  const std::vector<int> children = h.at(branch).children;
  std::vector<int> kept;
  for (size_t at = 0; at < children.size();) {
    const Run run = best_run(keys, at);
    fold_run(h, branch, kept, std::span(children).subspan(at, run.period * run.count), run);
    at += run.period * run.count;
  }
  h.at(branch).children = std::move(kept);
}

void fold_below(Hierarchy& h, int branch) {
  std::vector<std::string> keys;
  const std::vector<int> children = h.at(branch).children;
  for (int child : children) {
    const bool block = h.at(child).box.kind == BoxKind::kBlock;
    keys.push_back(block ? str(stem(h.at(child).box.label), "\n", signature(h, child)) : "");
  }
  for (int child : children) fold_below(h, child);
  fold_children(h, branch, keys);
}

// The chain of branches from a leaf to the model.
std::vector<int> ancestors(const Hierarchy& h, int leaf) {
  std::vector<int> out;
  for (int b = leaf; b >= 0; b = h.at(b).box.parent) out.push_back(b);
  return out;
}

// The fold whose one copy holds `u` and another `v`, or -1.
int common_fold(const Hierarchy& h, int u, int v) {
  std::map<int, int> copy_of;  // drawn branch -> the copy that holds u
  for (int b : ancestors(h, u)) copy_of[h.drawn(b)] = b;
  int found = -1;
  for (int b : ancestors(h, v))
    if (const auto it = copy_of.find(h.drawn(b)); it != copy_of.end() && it->second != b)
      found = h.drawn(b);
  return found;
}
}  // namespace

void fold(Hierarchy& h) {
  fold_below(h, 0);
}

std::vector<LeafArrow> leaf_arrows(Hierarchy& h) {
  const Graph& g = h.graph;
  std::vector<LeafArrow> out;
  std::set<int> chains, parallel;
  const auto connect = [&](Port used, int to, ArrowKind kind) {
    const Port from = shown_source(h, used);
    if (from.node < 0 || h.leaf_of[size_t(from.node)] < 0) return;
    const int u = h.leaf_of[size_t(from.node)];
    if (const int fold = common_fold(h, u, to); fold >= 0) {
      chains.insert(fold);
      return;
    }
    out.push_back({h.drawn(u), h.drawn(to), kind, extents_text(g.type(used))});
  };
  for (int id = 0; id < int(g.nodes().size()); ++id) {
    const int to = h.leaf_of[size_t(id)];
    if (to < 0 || !g.node(id).op) continue;
    for (Port p : g.node(id).inputs) {
      if (p.node < 0) continue;
      const ArrowKind kind = g.type(p).dtype == DType::kAdjacency  ? ArrowKind::kAdjacency
                             : g.node(p.node).role == Role::kState ? ArrowKind::kState
                                                                   : ArrowKind::kData;
      connect(p, to, kind);
    }
  }
  for (const Update& u : g.updates) {
    const int to = h.leaf_of[size_t(u.node)];
    if (to < 0) continue;
    if (!h.bookkeeping[size_t(u.value.node)]) {
      connect(u.value, to, ArrowKind::kState);
      continue;
    }
    for (Port p : g.node(u.value.node).inputs)  // what the update mixes into the state
      if (p.node >= 0 && g.node(p.node).op) connect(p, to, ArrowKind::kState);
  }
  for (int b = 0; b < int(h.branches.size()); ++b)
    if (h.at(b).box.repeat > 1) h.at(b).box.chained = chains.contains(b);
  return out;
}
}  // namespace cambium
