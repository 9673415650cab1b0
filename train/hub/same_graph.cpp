#include "train/hub/same_graph.h"

#include <cmath>
#include <cstring>

namespace cambium {
namespace {
// Names of random streams are of no matter where nothing is drawn.
bool is_stream(const FieldInfo& f) {
  return f.type == "whole number" && std::isinf(f.min) && std::isinf(f.max);
}

// What differs, as "...": empty where nothing does.
std::string difference(const Node& a, const Node& b) {
  if (a.kind() != b.kind()) return str("computes ", a.kind(), " where there is ", b.kind());
  if (a.outputs != b.outputs)
    return str("makes ", a.outputs.empty() ? ValueType{} : a.outputs[0], " where there is ",
               b.outputs.empty() ? ValueType{} : b.outputs[0]);
  if (a.inputs != b.inputs) return "reads other results";
  if (a.constant && b.constant &&
      std::memcmp(a.constant->data(), b.constant->data(), size_t(a.constant->bytes())) != 0)
    return "holds other numbers";
  if (!a.op) return "";
  for (const FieldInfo& f : a.op->attrs.describe()) {
    const auto mine = a.attrs.find(f.name), other = b.attrs.find(f.name);
    if (!is_stream(f) && mine->text() != other->text())
      return str("has ", f.name, " = ", mine->text(), " where there is ", other->text());
  }
  return "";
}

bool is_weight(const Node& n) {
  return n.role == Role::kParameter || (n.role == Role::kState && n.copy_of.empty());
}
}  // namespace

std::map<std::string, std::string> same_weights(const Graph& ours, const Graph& theirs,
                                                const std::string& what) {
  std::map<std::string, std::string> out;
  const size_t count = std::min(ours.nodes().size(), theirs.nodes().size());
  for (size_t i = 0; i < count; ++i) {
    const Node& a = ours.nodes()[i];
    const Node& b = theirs.nodes()[i];
    if (const std::string other = difference(a, b); !other.empty())
      throw UserError(str("the model is not ", what, ": '", a.scope.path, "' ", other, " ('",
                          b.scope.path, "' there)"),
                      "write it as `cambium import` does, or export safetensors", a.scope.mark);
    if (is_weight(a)) out.emplace(b.scope.path, a.scope.path);
  }
  if (ours.nodes().size() != theirs.nodes().size())
    throw UserError(str("the model is not ", what, ": it has ", ours.nodes().size(),
                        " operations where there are ", theirs.nodes().size()),
                    "write it as `cambium import` does, or export safetensors");
  return out;
}
}  // namespace cambium
