// What can be wrong with `adapt:`.
#include <algorithm>

#include "core/text/suggest.h"
#include "train/adapters/adapt.h"

namespace cambium {
namespace {
std::vector<std::string> own_parameters(const Model& model) {
  std::vector<std::string> out;
  for (const Node& n : model.graph.nodes())
    if (n.role == Role::kParameter && !model.adapters->tensors.contains(n.scope.path))
      out.push_back(n.scope.path);
  return out;
}

// Some names that the method would take.
std::string fitting_names(const AdaptUse& use, const Model& model) {
  std::vector<std::string> names;
  for (const Node& n : model.graph.nodes())
    if (n.role == Role::kParameter && !model.adapters->tensors.contains(n.scope.path) &&
        use.method->refusal && names.size() < 6 &&
        use.method->refusal(use.attrs, {n.scope.path, n.outputs[0].shape, n.parameter}).empty())
      names.push_back(str("'", n.scope.path, "'"));
  return names.empty() ? "it can adapt nothing of this model, as it is set"
                       : str("it can adapt ", join_names(names));
}

bool has_place(const AdapterReport& r, const AdaptUse& use, const NamePattern& p) {
  return std::ranges::any_of(r.places, [&](const AdaptedPlace& place) {
    return place.method == use.method->name && meets(p.text, place.path);
  });
}

void check_use(const AdaptUse& use, const Model& model, Diagnostics& errors) {
  const AdapterReport& r = *model.adapters;
  const AdapterPlace place = use.method->place;
  const std::vector<std::string> names = place == AdapterPlace::kBlock ? r.blocks
                                         : place == AdapterPlace::kAttention
                                             ? r.attentions
                                             : own_parameters(model);
  for (const NamePattern& p : use.on) {
    if (has_place(r, use, p)) continue;
    std::vector<std::string> why;
    for (const LeftAlone& l : r.left)
      if (l.method == use.method->name && meets(p.text, l.path) && why.size() < 3)
        why.push_back(str("'", l.path, "': ", l.why));
    if (!why.empty()) {
      std::string all;
      for (const std::string& w : why) all += (all.empty() ? "" : "; ") + w;
      errors.add(
          UserError(str(use.method->name, " can adapt nothing that '", p.text, "' meets: ", all),
                    fitting_names(use, model), p.mark));
    } else if (place == AdapterPlace::kOwn &&
               std::ranges::any_of(names, [&](auto& n) { return meets(p.text, n); })) {
      errors.add(UserError(str(use.method->name, " finds nothing in what '", p.text, "' meets"),
                           use.method->doc.empty() ? "" : str("it ", use.method->doc), p.mark));
    } else {
      const std::string what = place == AdapterPlace::kBlock       ? "block of the model"
                               : place == AdapterPlace::kAttention ? "attention of the model"
                                                                   : "parameter of the model";
      check_patterns(std::span(&p, 1), names, what, errors);
    }
  }
}

// What is asked to be trained and to be held.
void check_contradictions(const Experiment& e, const AdaptSpec& spec, const Model& model,
                          Diagnostics& errors) {
  Diagnostics reported;
  const std::vector<NamePattern> held = parse_freeze(e.spec, e.vars, reported).names;
  for (const std::string& name : own_parameters(model))
    for (const NamePattern& p : spec.also)
      if (meets(p.text, name) && meets_any(held, name))
        return errors.add(UserError(str("'also' trains '", name, "', and 'freeze' holds it"),
                                    "leave it out of one of them", p.mark));
}

// A place none of whose tensors an answer hears in a way that can be differentiated.
void check_heard(const AdaptSpec& spec, const Model& model, Diagnostics& errors) {
  Graph g = model.graph.clone();
  Value sum;
  for (const Output& o : model.graph.outputs) {
    if (g.type(o.port).dtype != DType::kF32) continue;
    const Value part = g.emit("reduce_sum", {g.value(o.port)});
    sum = sum ? g.emit("add", {sum, part}) : part;
  }
  std::vector<Value> wrt;
  for (const std::string& name : model.adapters->tensors)
    wrt.push_back(g.value({*g.find(Role::kParameter, name), 0}));
  const std::vector<Value> d = grad(sum, wrt);
  std::set<std::string> heard;
  for (size_t i = 0; i < wrt.size(); ++i)
    if (d[i]) heard.insert(g.node(wrt[i].node).scope.path);
  for (const AdaptedPlace& place : model.adapters->places)
    if (!place.tensors.empty() &&
        std::ranges::none_of(place.tensors, [&](auto& n) { return heard.contains(n); }))
      errors.add(UserError(str("no answer hears what ", place.method, " adapts at '", place.path,
                               "': it would never learn"),
                           "leave it out of the names", spec.mark));
}
}  // namespace

void check_adapt_section(const Experiment& e, Diagnostics& errors) {
  const std::optional<AdaptSpec> spec = parse_adapt(e.spec, e.vars, errors);
  if (spec && e.parameterisation.scales())
    errors.add(
        UserError(str("no rule of ", e.parameterisation.record->name, " is known for adapters"),
                  "leave out adapt or parameterisation", spec->mark));
}

void check_adapt(const Experiment& e, const Model& model, Diagnostics& errors) {
  Diagnostics reported;  // by check_adapt_section
  const std::optional<AdaptSpec> spec = parse_adapt(e.spec, e.vars, reported);
  if (!spec || !model.adapters) return;
  for (const AdaptUse& use : spec->uses) check_use(use, model, errors);
  check_patterns(spec->also, own_parameters(model), "parameter of the model", errors);
  check_contradictions(e, *spec, model, errors);
  check_heard(*spec, model, errors);
}
}  // namespace cambium
