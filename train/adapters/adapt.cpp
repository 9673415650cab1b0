#include "train/adapters/adapt.h"

#include <algorithm>

#include "train/spec/glob.h"

namespace cambium {
namespace {
bool meets_use(const AdaptUse& use, const std::string& path) {
  if (use.method->place != AdapterPlace::kBlock) return meets_any(use.on, path);
  return std::ranges::any_of(use.on,
                             [&](const NamePattern& p) { return glob_matches(p.text, path); });
}

AdaptedWeight weight_of(const Node& n) {
  return {n.scope.path, n.outputs[0].shape, n.parameter};
}

std::string above(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == path.npos ? std::string() : path.substr(0, dot);
}

// Paths that hold the factor of a norm.
std::set<std::string> norms_in(const Graph& g) {
  std::set<std::string> out;
  for (const Node& n : g.nodes())
    if (n.role == Role::kParameter && n.parameter.kind == ParameterKind::kNorm)
      out.insert(above(n.scope.path));
  return out;
}

const AdaptUse* mover_of(const AdaptSpec& spec, const Node& n, const std::set<std::string>& norms) {
  for (const AdaptUse& use : spec.uses)
    if (use.method->place == AdapterPlace::kOwn && meets_use(use, n.scope.path) &&
        use.method->lets_move(use.attrs, weight_of(n), norms.contains(above(n.scope.path))))
      return &use;
  return nullptr;
}

// The model with those of its parameters frozen that `stays` says, beside what is frozen already.
Graph with_marks(const Graph& model, const std::function<bool(const Node&)>& stays) {
  Graph out(model.ops());
  for (const Node& n : model.nodes()) {  // ids stay, so ports do
    std::vector<Value> in;
    for (const Port p : n.inputs) in.push_back(out.value(p));
    Node now = n;
    if (n.role == Role::kParameter && !n.parameter.frozen) now.parameter.frozen = stays(n);
    out.copy(now, std::move(in));
  }
  out.outputs = model.outputs;
  out.updates = model.updates;
  return out;
}

// With all that does not move marked so.
Graph with_frozen_base(const AdaptSpec& spec, const Graph& model, AdapterReport& report) {
  const std::set<std::string> norms = norms_in(model);
  return with_marks(model, [&](const Node& n) {
    const AdaptUse* mover = mover_of(spec, n, norms);
    if (mover)
      report.places.push_back(
          {n.scope.path, mover->method->name, AdapterForm::kOwn, n.outputs[0].shape.count(), {}});
    return !mover && !meets_any(spec.also, n.scope.path);
  });
}

// A place of the graph that one method has.
struct Taken {
  const AdaptUse* use;
  AdaptedWeight weight;  // kWeight
  std::string path;
  std::unique_ptr<AdapterSite> site = {};
  Value whole = {};
  bool beside = false;
};

class Adapting {
 public:
  Adapting(const AdaptSpec& spec, const Graph& model, bool training, AdapterReport& report)
      : spec_(spec), model_(model), training_(training), report_(report) {}

  void take_weights() {
    for (int id = 0; id < int(model_.nodes().size()); ++id) {
      const Node& n = model_.node(id);
      if (n.role != Role::kParameter) continue;
      for (const AdaptUse& use : spec_.uses)
        if (use.method->place == AdapterPlace::kWeight && meets_use(use, n.scope.path))
          take_weight(id, n, use);
    }
  }

  void take_places(const std::map<std::string, const Block*>& blocks) {
    const std::map<std::string, Port> results = results_of_blocks(model_, blocks);
    for (const auto& [path, block] : blocks) {
      report_.blocks.push_back(path);
      const auto result = results.find(path);
      for (const AdaptUse& use : spec_.uses) {
        if (use.method->place != AdapterPlace::kBlock || !meets_use(use, path)) continue;
        if (result == results.end())
          report_.left.push_back({path, use.method->name, "no one value leaves it"});
        else
          behind_[result->second].push_back({&use, {}, path});
      }
    }
    for (int id = 0; id < int(model_.nodes().size()); ++id) {
      const Node& n = model_.node(id);
      if (!is_attention(n)) continue;
      report_.attentions.push_back(n.scope.path);
      for (const AdaptUse& use : spec_.uses)
        if (use.method->place == AdapterPlace::kAttention && meets_use(use, n.scope.path) &&
            !beside_.contains(id))
          beside_.emplace(id, Taken{&use, {}, n.scope.path});
    }
  }

  Graph run() {
    Graph out = rewrite(model_, [&](Graph& g, int id, const Node& n, std::span<const Value> in) {
      return std::optional(adapted(g, id, n, in));
    });
    for (auto& [id, t] : weights_) {
      const AdapterForm form = t.whole && t.beside ? AdapterForm::kMixed
                               : t.whole           ? AdapterForm::kWhole
                                                   : AdapterForm::kBeside;
      if (t.site)
        note(t, form);
      else
        report_.left.push_back({t.path, t.use->method->name, "no operator reads it"});
    }
    for (auto& [port, all] : behind_)
      for (Taken& t : all) note(t, AdapterForm::kPlace);
    for (auto& [id, t] : beside_) note(t, AdapterForm::kPlace);
    return out;
  }

 private:
  void take_weight(int id, const Node& n, const AdaptUse& use) {
    const std::string& path = n.scope.path;
    const auto leave = [&](std::string why) {
      report_.left.push_back({path, use.method->name, std::move(why)});
    };
    if (weights_.contains(id))
      return leave(str("'", weights_.at(id).use->method->name, "' adapts it"));
    const AdaptedWeight w = weight_of(n);
    if (meets_any(spec_.also, path)) return leave("'also' trains it itself");
    if (std::string why = use.method->refusal(use.attrs, w); !why.empty())
      return leave(std::move(why));
    weights_.emplace(id, Taken{&use, w, path});
  }

  AdapterSite& site_of(Graph& g, Taken& t) {
    if (!t.site) t.site = std::make_unique<AdapterSite>(g, adapter_name(t.path), t.path, training_);
    return *t.site;
  }

  Value whole_of(Graph& g, Taken& t, Value w) {
    if (!t.whole) t.whole = t.use->method->whole(t.use->attrs, site_of(g, t), t.weight, w);
    return t.whole;
  }

  std::vector<Value> on_weights(Graph& g, const Node& n, std::vector<Value>& in) {
    std::vector<size_t> adapted;
    for (size_t k = 0; k < in.size(); ++k)
      if (n.inputs[k].node >= 0 && weights_.contains(n.inputs[k].node)) adapted.push_back(k);
    if (adapted.size() == 1) {
      Taken& t = weights_.at(n.inputs[adapted[0]].node);
      const auto use = t.use->method->product
                           ? product_use(g, n, in, adapted[0],
                                         [&site = site_of(g, t)](Value x, double p) {
                                           return site.dropout(x, p);
                                         })
                           : std::nullopt;
      if (use)
        if (const Value y = t.use->method->product(t.use->attrs, site_of(g, t), t.weight, *use)) {
          t.beside = true;
          std::vector<Value> all = {y};
          for (size_t k = 1; k < n.outputs.size(); ++k) all.emplace_back();
          return all;
        }
    }
    for (const size_t k : adapted) in[k] = whole_of(g, weights_.at(n.inputs[k].node), in[k]);
    return g.outputs_of(g.copy(n, in).node);
  }

  std::vector<Value> adapted(Graph& g, int id, const Node& n, std::span<const Value> given) {
    std::vector<Value> in(given.begin(), given.end());
    std::vector<Value> out = on_weights(g, n, in);
    if (const auto t = beside_.find(id); t != beside_.end()) {
      const AdaptUse& use = *t->second.use;
      out[0] = use.method->beside(use.attrs, site_of(g, t->second), *attention_use(n, in, out[0]));
    }
    for (int k = 0; k < int(out.size()); ++k)
      if (const auto found = behind_.find(Port{id, k}); found != behind_.end())
        for (Taken& t : found->second)
          out[size_t(k)] = t.use->method->behind(t.use->attrs, site_of(g, t), out[size_t(k)]);
    return out;
  }

  void note(Taken& t, AdapterForm form) {
    if (!t.site) return;
    for (const std::string& name : t.site->tensors) report_.tensors.insert(name);
    report_.places.push_back(
        {t.path, t.use->method->name, form, t.site->parameters, std::move(t.site->tensors)});
  }

  const AdaptSpec& spec_;
  const Graph& model_;
  const bool training_;
  AdapterReport& report_;
  std::map<int, Taken> weights_, beside_;      // by node
  std::map<Port, std::vector<Taken>> behind_;  // by what leaves
};

bool draws(const AdaptSpec& spec) {
  return std::ranges::any_of(spec.uses, [](const AdaptUse& use) {
    const std::optional<ArgValue> p = use.attrs.find("dropout");
    return p && std::get<double>(p->variant()) > 0;
  });
}
}  // namespace

std::string_view text_of(AdapterForm form) {
  static constexpr std::string_view kTexts[] = {
      "beside products", "as a whole weight, whose whole gradient is made",
      "beside products, and elsewhere as a whole weight", "in its place", "moves itself"};
  return kTexts[size_t(form)];
}

AdaptedGraph with_adapters(const AdaptSpec& spec, const Graph& model,
                           const std::map<std::string, const Block*>& blocks, bool training) {
  auto report = std::make_shared<AdapterReport>();
  Graph base = with_frozen_base(spec, model, *report);
  if (training && draws(spec)) base = with_rng_first(base);
  Adapting adapting(spec, base, training, *report);
  adapting.take_weights();
  adapting.take_places(blocks);
  Graph out = adapting.run();
  return {std::move(out), std::move(report)};
}

AdaptedGraph with_adapters(const Experiment& e, Graph model,
                           const std::map<std::string, const Block*>& blocks, bool training) {
  Diagnostics reported;  // by check_adapt
  const std::optional<AdaptSpec> spec = parse_adapt(e.spec, e.vars, reported);
  if (!spec) return {std::move(model), nullptr};
  return with_adapters(*spec, model, blocks, training);
}

Graph base_of_adapters(const Experiment& e, const Graph& model) {
  Diagnostics reported;  // by check_adapt
  const std::optional<AdaptSpec> spec = parse_adapt(e.spec, e.vars, reported);
  return spec ? with_marks(model,
                           [&](const Node& n) { return !meets_any(spec->also, n.scope.path); })
              : model.clone();
}

std::set<std::string> adapter_tensors(const Model& model) {
  return model.adapters ? model.adapters->tensors : std::set<std::string>();
}
}  // namespace cambium
