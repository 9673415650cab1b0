#include "viz/model/model_picture.h"

#include <algorithm>
#include <cmath>

#include "viz/model/heat.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
// A branch with a single child says nothing of its own: "repeat" > "0..11" becomes "repeat" x12.
void merge_single_children(Hierarchy& h, int id) {
  for (int child : h.at(id).children) merge_single_children(h, child);
  Branch& b = h.at(id);
  while (id != 0 && b.children.size() == 1) {
    Branch& c = h.at(b.children[0]);
    if (c.box.kind == BoxKind::kState || (b.box.repeat > 1 && c.box.repeat > 1)) return;
    Box merged = c.box;
    merged.parent = b.box.parent;
    merged.repeat = b.box.repeat * c.box.repeat;
    merged.chained = c.box.repeat > 1 ? c.box.chained : b.box.chained;
    merged.path = b.box.path;
    merged.ms = b.box.ms;  // with what is its own
    const auto is_number = [](const std::string& s) {
      return s.find_first_not_of("0123456789.") == std::string::npos;
    };
    const bool plain = c.box.kind == BoxKind::kOp || c.box.repeat > 1 || is_number(c.box.label);
    const bool block = c.box.kind != BoxKind::kOp;
    merged.label = block && is_number(b.box.label) && b.box.parent > 0 ? c.box.label
                   : plain                                             ? b.box.label
                           : str(b.box.label, ".", c.box.label);
    if (b.box.tint == Tint::kAdapter && c.box.tint != Tint::kReorder) {
      merged.tint = Tint::kAdapter;
      merged.detail = b.box.detail;
    }
    const int inner = b.children[0];
    b.children = c.children;
    b.nodes = c.nodes;
    b.box = std::move(merged);
    for (int child : b.children) h.at(child).box.parent = id;
    c.children.clear();
    c.same_as = id;
    for (int& leaf : h.leaf_of)
      if (leaf == inner) leaf = id;
  }
}

// Long flat lists become groups of neighbours, so that the first level is readable too.
void chunk(Hierarchy& h, int id, size_t limit) {
  for (size_t i = 0; i < h.at(id).children.size(); ++i) chunk(h, h.at(id).children[i], limit);
  const std::vector<int> all = h.at(id).children;
  if (all.size() <= limit) return;
  const size_t size = (all.size() + limit - 1) / limit;
  std::vector<int> groups;
  for (size_t at = 0; at < all.size(); at += size) {
    const size_t end = std::min(at + size, all.size());
    if (end - at == 1) {
      groups.push_back(all[at]);
      continue;
    }
    Branch b;
    const Branch& last = h.at(all[end - 1]);
    b.box = {.parent = id,
             .path = str(h.at(id).box.path, "/", at, "..", end - 1),
             .label = str(h.at(all[at]).box.label, " .. ", last.box.label),
             .detail = str(end - at, " boxes"),
             .tint = last.box.tint,
             .out = last.box.out};
    const int group = int(h.branches.size());
    for (size_t k = at; k < end; ++k) {
      Branch& c = h.at(all[k]);
      b.box.parameters += c.box.repeat * c.box.parameters;
      b.box.frozen += c.box.repeat * c.box.frozen;
      b.box.flops += c.box.repeat * c.box.flops;
      b.box.ms += c.box.ms;
      b.children.push_back(all[k]);
      c.box.parent = group;
    }
    h.branches.push_back(std::move(b));
    groups.push_back(group);
  }
  h.at(id).children = std::move(groups);
}

int64_t boxes_at(const Hierarchy& h, int id, int64_t depth) {
  if (h.at(id).children.empty() || depth <= 0) return 1;
  int64_t n = 0;
  for (int child : h.at(id).children) n += boxes_at(h, child, depth - 1);
  return n;
}

int64_t height(const Hierarchy& h, int id) {
  int64_t most = -1;
  for (int child : h.at(id).children) most = std::max(most, height(h, child));
  return most + 1;
}

int64_t choose_depth(const Hierarchy& h, const PictureOptions& options) {
  if (options.depth > 0) return options.depth;
  int64_t depth = std::max<int64_t>(1, height(h, 0));
  while (depth > 1 && boxes_at(h, 0, depth) > options.max_boxes) --depth;
  return depth;
}

struct Chooser {
  const Hierarchy& h;
  ModelPicture m;
  std::map<int, int> box_of;  // branch -> box

  void take(int branch, int parent, int64_t depth) {
    const int id = int(m.boxes.size());
    Box box = h.at(branch).box;
    box.parent = parent;
    box.children.clear();
    // "0" alone says nothing.
    if (parent > 0 && box.label.find_first_not_of("0123456789.") == std::string::npos)
      box.label = str(m.boxes[size_t(parent)].label, ".", box.label);
    m.boxes.push_back(std::move(box));
    if (parent >= 0) m.boxes[size_t(parent)].children.push_back(id);
    box_of[branch] = id;
    if (depth > 0)
      for (int child : h.at(branch).children) take(child, id, depth - 1);
  }

  // The visible box that a leaf stands in.
  int box(int leaf) const {
    for (int b = h.drawn(leaf); b >= 0; b = h.drawn(h.at(b).box.parent)) {
      if (const auto it = box_of.find(b); it != box_of.end()) return it->second;
      if (h.at(b).box.parent < 0) break;
    }
    return -1;
  }

  void connect(int from, int to, ArrowKind kind, const std::string& shape) {
    if (from < 0 || to < 0 || from == to) return;
    const auto same = std::ranges::find_if(
        m.arrows, [&](const Arrow& a) { return a.from == from && a.to == to && a.kind == kind; });
    if (same == m.arrows.end())
      m.arrows.push_back({from, to, kind, {shape}});
    else if (std::ranges::find(same->shapes, shape) == same->shapes.end())
      same->shapes.push_back(shape);
  }
};

// Named results, or, in a graph that names none, every value nobody reads.
void add_outputs(Chooser& c) {
  const Graph& g = c.h.graph;
  std::vector<Output> outputs = g.outputs;
  if (outputs.empty()) {
    std::vector<bool> used(g.nodes().size(), false);
    for (const Node& n : g.nodes())
      for (Port p : n.inputs)
        if (p.node >= 0) used[size_t(p.node)] = true;
    for (const Update& u : g.updates) used[size_t(u.value.node)] = true;
    for (int id = 0; id < int(g.nodes().size()); ++id)
      if (g.node(id).op && !used[size_t(id)]) outputs.push_back({"output", {id, 0}});
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Port p = shown_source(c.h, outputs[i].port);
    if (p.node < 0 || c.h.leaf_of[size_t(p.node)] < 0) continue;
    const int id = int(c.m.boxes.size());
    c.m.boxes.push_back({.kind = BoxKind::kOutput,
                         .parent = 0,
                         .path = str(outputs[i].name, "/output@", i),
                         .label = outputs[i].name,
                         .out = g.type(outputs[i].port)});
    c.m.boxes[0].children.push_back(id);
    c.connect(c.box(c.h.leaf_of[size_t(p.node)]), id, ArrowKind::kData,
              extents_text(g.type(outputs[i].port)));
  }
}

// An arrow that another path bypasses is a residual or skip connection.
void mark_residuals(ModelPicture& m) {
  const size_t n = m.boxes.size();
  std::vector<std::vector<size_t>> next(n);
  for (const Arrow& a : m.arrows)
    if (a.kind == ArrowKind::kData) next[size_t(a.from)].push_back(size_t(a.to));
  std::vector<std::vector<bool>> reach(n);
  for (size_t start = 0; start < n; ++start) {
    if (next[start].empty()) continue;
    std::vector<bool>& seen = reach[start] = std::vector<bool>(n, false);
    std::vector<size_t> open = next[start];
    while (!open.empty()) {
      const size_t u = open.back();
      open.pop_back();
      if (seen[u]) continue;
      seen[u] = true;
      open.insert(open.end(), next[u].begin(), next[u].end());
    }
  }
  for (Arrow& a : m.arrows) {
    if (a.kind != ArrowKind::kData || m.boxes[size_t(a.from)].kind == BoxKind::kInput) continue;
    for (size_t w : next[size_t(a.from)])
      if (w != size_t(a.to) && !reach[w].empty() && reach[w][size_t(a.to)])
        a.kind = ArrowKind::kResidual;
  }
}
}  // namespace

int Heat::level(double ms) const {
  if (hottest_ms <= 0) return 0;
  return std::clamp(int(kLevels * ms / hottest_ms), 0, kLevels - 1);
}

ModelPicture model_picture(const Graph& g, std::string title, const PictureOptions& options,
                           const Profile* profile) {
  Hierarchy h = build_hierarchy(g, options);
  std::optional<Heat> heat;
  if (profile) {
    add_heat(h, *profile);
    heat = heat_of(h, *profile);
  }
  if (options.fold) fold(h);
  const std::vector<LeafArrow> arrows = leaf_arrows(h);
  merge_single_children(h, 0);
  chunk(h, 0, size_t(std::max<int64_t>(8, options.max_boxes / 2)));
  Chooser c{h, {}, {}};
  c.m.title = std::move(title);
  c.take(0, -1, choose_depth(h, options));
  for (const LeafArrow& a : arrows) c.connect(c.box(a.from), c.box(a.to), a.kind, a.shape);
  add_outputs(c);
  mark_residuals(c.m);
  for (const Box& b : c.m.boxes)
    if (heat && b.children.empty()) heat->hottest_ms = std::max(heat->hottest_ms, b.ms);
  c.m.heat = std::move(heat);
  return std::move(c.m);
}

std::string numbers_text(const ModelPicture& m, const Box& b) {
  const std::string times = b.repeat > 1 ? str(b.repeat, " ", kTimes, " ") : "";
  std::string out;
  if (b.parameters > 0) out = str(times, compact(double(b.parameters)), " parameters");
  if (b.frozen > 0)
    out += b.frozen == b.parameters
               ? std::string(", frozen")
               : str(", ", compact(double(b.parameters - b.frozen)), " of them trained");
  if (b.flops >= 1) {
    out += str(out.empty() ? "" : ", ", times, flops_text(b.flops));
    const double share = 100 * b.repeat * b.flops / std::max(1.0, m.boxes[0].flops);
    if (&b != &m.boxes[0] && share >= 0.5 && m.boxes[0].flops > 0)
      out += str(" (", fixed(share, 0), "%)");
  }
  return out;
}

std::string heat_text(const ModelPicture& m, const Box& b) {
  if (!m.heat || b.ms <= 0) return "";
  return str(compact(b.ms), " ms (", fixed(100 * b.ms / std::max(1e-9, m.heat->step_ms), 1), "%)");
}

std::string outline(const ModelPicture& m) {
  std::string out;
  std::vector<std::pair<int, int>> open = {{0, 0}};
  while (!open.empty()) {
    const auto [id, level] = open.back();
    open.pop_back();
    const Box& b = m.boxes[size_t(id)];
    out += std::string(size_t(2 * level), ' ') + visible(id == 0 ? m.title : b.label);
    if (!b.op.empty() && b.op != b.label) out += str(": ", b.op);
    if (!b.detail.empty()) out += str(" ", b.detail);
    if (b.repeat > 1) out += str(" ", kTimes, b.repeat, b.chained ? "" : " side by side");
    if (b.kind != BoxKind::kBlock || b.out.shape.rank() > 0) out += str(" ", extents_text(b.out));
    if (const std::string numbers = numbers_text(m, b); !numbers.empty()) out += str("  ", numbers);
    if (const std::string heat = heat_text(m, b); !heat.empty()) out += str("  ", heat);
    out += '\n';
    for (size_t i = b.children.size(); i-- > 0;) open.emplace_back(b.children[i], level + 1);
  }
  return out;
}
}  // namespace cambium
