// Printing: one line a node for people and golden tests, and a plain DOT dump for debugging passes.
#include "graph/graph.h"

namespace cambium {
namespace {
std::string port_text(const Graph& g, Port p) {
  if (p.node < 0) return "_";
  return g.node(p.node).outputs.size() > 1 ? str('%', p.node, '.', p.output) : str('%', p.node);
}

std::string type_list(const Node& n) {
  std::string out;
  for (const ValueType& t : n.outputs) out += str(out.empty() ? "" : ", ", t);
  return out;
}

std::string node_line(const Graph& g, int id) {
  const Node& n = g.node(id);
  std::string out = str('%', id, " = ", n.kind());
  for (Port p : n.inputs) out += str(' ', port_text(g, p));
  if (!n.attrs.text().empty()) out += str(" {", n.attrs.text(), '}');
  if (n.constant && n.constant->count() == 1 && n.constant->type().dtype == DType::kF32)
    out += str(" {", n.constant->f32()[0], '}');
  out += str(" : ", type_list(n));
  if (!n.scope.path.empty()) out += str("  # ", n.scope.path);
  return out + "\n";
}
}  // namespace

std::string to_text(const Graph& g) {
  std::string out;
  for (int id = 0; id < int(g.nodes().size()); ++id) out += node_line(g, id);
  for (const Output& o : g.outputs) out += str("return ", o.name, ' ', port_text(g, o.port), '\n');
  for (const Update& u : g.updates)
    out += str("update %", u.node, " <- ", port_text(g, u.value), '\n');
  return out;
}

std::string to_dot(const Graph& g) {
  const auto quoted = [](std::string_view text) {
    std::string out = "\"";
    for (char c : text) out += c == '"' || c == '\\' ? str('\\', c) : std::string(1, c);
    return out + "\"";
  };
  std::string out = "digraph {\n  node [shape=box];\n";
  for (int id = 0; const Node& n : g.nodes()) {
    const std::string label = str(id, ' ', n.kind(), ' ', n.scope.path, ' ', type_list(n));
    out += str("  n", id, " [label=", quoted(label), "];\n");
    for (Port p : n.inputs)
      if (p.node >= 0)
        out += str("  n", p.node, " -> n", id, " [label=", quoted(g.type(p).text()), "];\n");
    ++id;
  }
  return out + "}\n";
}
}  // namespace cambium
