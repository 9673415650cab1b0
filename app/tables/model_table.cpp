#include "app/tables/model_table.h"

#include <algorithm>

#include "app/tables/table.h"
#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
struct Scope {
  std::string segment, path, own;  // own: the ops directly inside, as text
  std::vector<int> children;       // in order of execution
  ValueType out;
};

class ScopeTree {
 public:
  explicit ScopeTree(const Graph& g) : costs_(cost_by_scope(g)) {
    scopes_.emplace_back();
    for (const Node& n : g.nodes()) {
      if (n.role != Role::kOp || n.scope.phase != Phase::kForward) continue;
      int at = 0;
      scopes_[0].out = n.outputs[0];
      for (std::string_view rest = n.scope.path; !rest.empty();) {
        const size_t dot = rest.find('.');
        at = child(at, std::string(rest.substr(0, dot)));
        scopes_[size_t(at)].out = n.outputs[0];
        rest = dot == rest.npos ? std::string_view() : rest.substr(dot + 1);
      }
      std::string& own = scopes_[size_t(at)].own;
      own += str(n.kind(), "(", n.attrs.text(), ")");
      for (const ValueType& t : n.outputs) own += t.text();
    }
    for (size_t i = 0; i < scopes_.size(); ++i) signatures_.emplace_back();
    sign(0);
  }

  std::vector<ModelRow> rows(int64_t depth) {
    most_ = depth > 0 ? depth : 1000;
    std::vector<ModelRow> out;
    append(0, {0}, 0, out);
    return out;
  }

 private:
  int child(int parent, const std::string& segment) {
    for (int c : scopes_[size_t(parent)].children)
      if (scopes_[size_t(c)].segment == segment) return c;
    const std::string& above = scopes_[size_t(parent)].path;
    scopes_.push_back({segment, above.empty() ? segment : str(above, ".", segment), {}, {}, {}});
    const int id = int(scopes_.size()) - 1;
    scopes_[size_t(parent)].children.push_back(id);
    return id;
  }

  // Equal text: equal structure, attributes, shapes and parameter counts, whatever the names.
  const std::string& sign(int id) {
    const Scope& s = scopes_[size_t(id)];
    std::string text = str(s.own, cost(s.path).parameters, "{");
    for (int c : s.children) text += str(sign(c), ";");
    return signatures_[size_t(id)] = text + "}";
  }

  ScopeCost cost(const std::string& path) const {
    const auto found = costs_.find(path);
    return found == costs_.end() ? ScopeCost{} : found->second;
  }

  // One row for the scopes of `copies`, which are equal, and rows for what is inside the first.
  void append(int id, const std::vector<int>& copies, int depth, std::vector<ModelRow>& out) {
    ModelRow row{.path = scopes_[size_t(id)].path, .depth = depth, .copies = int(copies.size())};
    for (int c : copies) row.cost += cost(scopes_[size_t(c)].path);
    const Scope& last = scopes_[size_t(copies.back())];
    row.name = id == 0             ? "total"
               : copies.size() > 1 ? str(scopes_[size_t(id)].segment, "..", last.segment)
                                   : last.segment;
    row.out = last.out;
    out.push_back(row);
    if (depth >= most_) return;
    append_children(copies, depth, out);
  }

  void append_children(const std::vector<int>& copies, int depth, std::vector<ModelRow>& out) {
    const Scope& first = scopes_[size_t(copies[0])];
    const size_t count = first.children.size();
    if (count == 0) return;
    ModelRow own{.path = first.path, .name = "(own)", .depth = depth + 1, .out = first.out};
    for (int c : copies) own.cost += own_cost(scopes_[size_t(c)]);
    for (size_t i = 0; i < count;) {
      size_t end = i + 1;
      while (end < count && same(first.children[i], first.children[end])) ++end;
      std::vector<int> group;
      for (int c : copies)
        for (size_t k = i; k < end; ++k) group.push_back(scopes_[size_t(c)].children[k]);
      const size_t before = out.size();
      append(first.children[i], group, depth + 1, out);
      // The name says which neighbours were folded here, not how often the parent repeats.
      const std::string& last = scopes_[size_t(first.children[end - 1])].segment;
      out[before].name =
          end - i > 1 ? str(scopes_[size_t(first.children[i])].segment, "..", last) : last;
      i = end;
    }
    const bool empty =
        own.cost.parameters == 0 && own.cost.forward_flops == 0 && own.cost.activation_bytes == 0;
    if (!empty) out.push_back(own);
  }

  bool same(int a, int b) const { return signatures_[size_t(a)] == signatures_[size_t(b)]; }

  ScopeCost own_cost(const Scope& s) const {
    ScopeCost own = cost(s.path);
    for (int c : s.children) {
      const ScopeCost inner = cost(scopes_[size_t(c)].path);
      own.forward_flops -= inner.forward_flops;
      own.forward_products -= inner.forward_products;
      own.parameters -= inner.parameters;
      own.activation_bytes -= inner.activation_bytes;
      own.bytes -= inner.bytes;
    }
    return own;
  }

  std::map<std::string, ScopeCost> costs_;
  std::vector<Scope> scopes_;
  std::vector<std::string> signatures_;
  int64_t most_ = 0;
};
}  // namespace

std::vector<ModelRow> model_rows(const Graph& g, int64_t depth) {
  return ScopeTree(g).rows(depth);
}

std::string to_text(const std::vector<ModelRow>& rows) {
  Table table({2, 3, 4, 5, 6});
  table.row({"block", "out", "parameters", "FLOP", "of it products", "activations", "% FLOP"});
  const double all = rows.empty() ? 0 : rows[0].cost.forward_flops;
  const auto add = [&](const ModelRow& r) {
    const std::string indent(size_t(2 * std::max(0, r.depth - 1)), ' ');
    const std::string times = r.copies > 1 ? str(" x", r.copies) : "";
    table.row({str(indent, r.name, times), extents_text(r.out), compact(double(r.cost.parameters)),
               compact(r.cost.forward_flops),
               share_text(r.cost.forward_products, r.cost.forward_flops),
               memory_text(double(r.cost.activation_bytes)),
               all > 0 ? fixed(100 * r.cost.forward_flops / all, 1) : "-"});
  };
  for (size_t i = 1; i < rows.size(); ++i) add(rows[i]);
  if (!rows.empty()) add(rows[0]);
  return table.text();
}

Json to_json(const std::vector<ModelRow>& rows) {
  Json out = Json::array();
  for (const ModelRow& r : rows) {
    const auto dims = r.out.shape.dims();
    out.push_back({{"path", r.path},
                   {"name", r.name},
                   {"depth", r.depth},
                   {"copies", r.copies},
                   {"out", std::vector<int64_t>(dims.begin(), dims.end())},
                   {"parameters", r.cost.parameters},
                   {"forward_flops", r.cost.forward_flops},
                   {"forward_products", r.cost.forward_products},
                   {"activation_bytes", r.cost.activation_bytes}});
  }
  return out;
}
}  // namespace cambium
