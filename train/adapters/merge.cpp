#include "train/adapters/merge.h"

#include <algorithm>

#include "ops/ops.h"

namespace cambium {
namespace {
const AdaptUse& use_called(const AdaptSpec& spec, std::string_view method) {
  const auto found = std::ranges::find_if(
      spec.uses, [&](const AdaptUse& use) { return use.method->name == method; });
  ensure(found != spec.uses.end(), "no method '", method, "' in the spec");
  return *found;
}

Value as_leaf(Graph& g, const Node& n) {
  if (const auto there = g.find(Role::kParameter, n.scope.path)) return g.value({*there, 0});
  return g.parameter(n.scope.path, n.outputs[0].shape, n.parameter);
}

Ref numbers_of(const Tensor& t) {
  const std::span<const float> from = t.f32();
  return {std::vector<double>(from.begin(), from.end())};
}
}  // namespace

Graph merging_graph(const AdaptSpec& spec, const Graph& model, const AdapterReport& report) {
  Graph g(model.ops());
  for (const AdaptedPlace& place : report.places) {
    const AdaptUse& use = use_called(spec, place.method);
    if (!use.method->merges)
      throw UserError(
          str(place.method, " at '", place.path, "' does not fit into the model's own weights"),
          "keep it beside the model (`cambium adapters extract` where it is LoRA)", use.mark);
    if (use.method->place != AdapterPlace::kWeight) continue;
    const Node& n = model.node(*model.find(Role::kParameter, place.path));
    const Value w = as_leaf(g, n);
    AdapterSite site(g, adapter_name(place.path), place.path, false);
    const AdaptedWeight weight{place.path, n.outputs[0].shape, n.parameter};
    g.outputs.push_back({place.path, port_of(use.method->whole(use.attrs, site, weight, w))});
  }
  return g;
}

Tensors merged(const Experiment& e, const Tensors& weights) {
  Diagnostics errors;
  const std::optional<AdaptSpec> spec = parse_adapt(e.spec, e.vars, errors);
  errors.throw_if_any();
  if (!spec) throw UserError("the run has no adapters", "its weights are plain already");
  const Model& model = model_of(e, 1, false);
  const Graph g = merging_graph(*spec, model.graph, *model.adapters);
  const Interpreted now = interpret(g, [&](const Node& n) {
    const auto found = weights.find(n.scope.path);
    ensure(found != weights.end(), "the run has no tensor '", n.scope.path, "'");
    return numbers_of(found->second);
  });
  Tensors out;
  for (const auto& [name, t] : weights)
    if (!model.adapters->tensors.contains(name)) out.emplace(name, t.clone());
  for (size_t i = 0; i < g.outputs.size(); ++i) {
    const std::span<float> to = out.at(g.outputs[i].name).f32();
    std::ranges::transform(now.outputs[i].data, to.begin(), [](double x) { return float(x); });
  }
  return out;
}

Spec without_adapters(Spec spec) {
  std::erase_if(spec.root.entries,
                [](const YamlEntry& e) { return e.key == "adapt" || e.key == "init"; });
  return spec;
}
}  // namespace cambium
