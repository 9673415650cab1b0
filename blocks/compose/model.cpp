#include "blocks/compose/model.h"

#include "blocks/compose/check.h"
#include "blocks/compose/ends.h"
#include "blocks/compose/lost.h"
#include "core/text/suggest.h"

namespace cambium {
Stream build_input(Graph& graph, const InputShape& shape) {
  Stream s;
  s.domain = shape.domain;
  if (shape.domain == Domain::kGraph) s.batch = shape.graphs;
  for (const InputType& input : shape.inputs) {
    const Value v = graph.input(std::string(input.name), input.type);
    for (const auto& [name, to] :
         {std::pair("x", &s.x), std::pair("mask", &s.mask), std::pair("adjacency", &s.adjacency)})
      if (input.name == name) *to = v;
  }
  return s;
}

Value find_parameter(Graph& graph, std::string_view block, std::string_view name) {
  const std::string tail = str(block, ".", name);
  std::vector<std::string> known;
  Value found;
  for (int id = 0; const Node& n : graph.nodes()) {
    const std::string_view path = n.scope.path;
    if (n.role == Role::kParameter && path.ends_with(str(".", name))) {
      const std::string_view owner = path.substr(0, path.size() - name.size() - 1);
      known.emplace_back(owner.substr(owner.rfind('.') + 1));
    }
    if (n.role == Role::kParameter && (path == tail || path.ends_with("." + tail))) {
      require(!found, "more than one block is called '", block, "'");
      found = graph.value({id, 0});
    }
    ++id;
  }
  if (found) return found;
  throw UserError(str("no block '", block, "' with a ", name, " stands before this one"),
                  known.empty() ? std::string() : suggestion(block, known));
}

Stream build_parts(Builder& builder, std::span<const ModelPart> parts, const Yaml* define) {
  const Report report = [&](UserError e) { builder.report(std::move(e)); };
  if (define && define->is_map())
    for (const YamlEntry& d : define->entries) builder.definitions[d.key] = &d.value;
  else if (define)
    report(UserError("'define' takes a map of blocks",
                     "write define: {mlp: {params: {width: 64}, body: [...]}}", define->mark));
  check_definitions(builder.definitions, report);
  for (const ModelPart& part : parts)
    if (part.blocks->is_null() || (part.blocks->is_list() && part.blocks->items.empty()))
      report(UserError(str("the ", part.name.empty() ? "model" : part.name, " has no blocks"), {},
                       part.blocks->mark));
  if (!check_parts(parts, builder.vars(), builder.definitions, report))
    builder.errors().throw_if_any();
  Stream out;
  try {
    for (const ModelPart& part : parts) {
      builder.step = part.step;
      const auto build = [&] {
        return builder.build_list(*part.blocks, part.input, builder.vars());
      };
      out = part.name.empty() ? build() : builder.in_scope(part.name, build);
      if (&part != &parts.back())
        builder.set_tap(part.name, part.blocks->mark, part.kept.value_or(out));
    }
  } catch (const StreamLost&) {
    ensure(!builder.errors().empty(), "a model was given up without an error");
  }
  builder.errors().throw_if_any();
  std::vector<Value> data;
  for (const ModelPart& part : parts) data.push_back(part.input.x);
  if (const auto edges = builder.graph.find(Role::kInput, "edges"))
    data.push_back(builder.graph.value({*edges, 0}));
  settle_ends(builder.graph, data, out.x);
  return out;
}

Stream build_model(Builder& builder, const Yaml& model, const Yaml* define, Stream input) {
  const ModelPart whole{"", &model, std::move(input), builder.step};
  return build_parts(builder, {&whole, 1}, define);
}
}  // namespace cambium
