#include "train/growth/growth.h"

#include <algorithm>

#include "blocks/compose/weight_ends.h"
#include "core/diagnostics.h"
#include "core/rng.h"
#include "train/growth/widen.h"

namespace cambium {
namespace {
using PartsOf = std::map<std::string, std::vector<Parts>>;

bool is_tensor(const Node& n) {
  return n.role == Role::kParameter || (n.role == Role::kState && n.copy_of.empty());
}

std::map<std::string, const Node*> tensors_of(const Graph& g) {
  std::map<std::string, const Node*> out;
  for (const Node& n : g.nodes())
    if (is_tensor(n)) out[n.scope.path] = &n;
  return out;
}

std::vector<std::string> names_of(const std::map<std::string, const Node*>& tensors) {
  std::vector<std::string> out;
  for (const auto& [name, node] : tensors) out.push_back(name);
  return out;
}

class Grower {
 public:
  Grower(const Graph& small, const Graph& large, const Tensors& weights, LayerGrowth layers)
      : small_(tensors_of(small)),
        large_(tensors_of(large)),
        small_parts_(channel_parts(small)),
        large_parts_(channel_parts(large)),
        read_out_(read_out_norms(large)),
        small_offsets_(start_offsets(small)),
        large_offsets_(start_offsets(large)),
        weights_(weights),
        origins_(layer_origins(names_of(small_), names_of(large_), layers)) {
    if (layers == LayerGrowth::kIdentity) silence(large);
  }

  GrownWeights grown() {
    GrownWeights out;
    for (const auto& [name, node] : large_) {
      const LayerOrigin& origin = origins_.at(name);
      const auto was = small_.find(origin.name);
      if (was == small_.end() || !weights_.contains(origin.name)) {
        errors_.add(UserError(str("'", name, "' ", node->outputs[0],
                                  " of the larger model has nothing to start from: the smaller ",
                                  "one has no '", origin.name, "'"),
                              "let the larger model have the same blocks, wider or repeated more "
                              "often"));
        continue;
      }
      grow(name, *node, *was->second, origin, out);
    }
    errors_.throw_if_any();
    return out;
  }

 private:
  void silence(const Graph& large) {
    std::set<std::string> added;
    for (const auto& [name, origin] : origins_)
      if (origin.added) added.insert(layer_above(name, origin.name));
    const BranchEnds ends = branch_ends(large, added);
    for (const std::string& path : ends.open)
      errors_.add(UserError(str("the new layer's '", path, "' adds something whatever its ",
                                "parameters: no identity is known for it"),
                            "take --layers stack, which changes the function"));
    silent_ = ends.parameters;
    for (const std::string& layer : added)
      if (std::ranges::none_of(
              silent_, [&](const std::string& name) { return name.starts_with(layer + "."); }))
        errors_.add(UserError(str("the new layer '", layer, "' has no shortcut, so it cannot hand ",
                                  "on what it gets"),
                              "put its blocks into `residual`, or take --layers stack"));
  }

  // The path of the outermost layer in which the names part: "repeat.1" of repeat.1.ffn.up.weight.
  static std::string layer_above(const std::string& name, const std::string& from) {
    size_t at = 0;
    while (at < name.size() && at < from.size() && name[at] == from[at]) ++at;
    // Names part inside a number; a layer that came to the same number stands further in.
    return name.substr(0, std::min(name.find('.', at), name.size()));
  }

  void grow(const std::string& name, const Node& node, const Node& was, const LayerOrigin& origin,
            GrownWeights& out) {
    const Tensor& tensor = weights_.find(origin.name)->second;
    const Shape& to = node.outputs[0].shape;
    if (tensor.shape().rank() != to.rank()) {
      errors_.add(UserError(str("'", name, "' is ", to, " and '", origin.name, "' ", tensor.shape(),
                                ": not as many axes")));
      return;
    }
    std::vector<AxisGrowth> axes;
    for (int a = 0; a < to.rank(); ++a) {
      axes.push_back(axis_of(name, origin.name, was, node, a));
      if (const std::string why = objection_to(axes.back(), a); !why.empty()) {
        errors_.add(UserError(str("'", name, "': ", why),
                              "make widths whole multiples of what they were; heads as many times "
                              "more, not wider"));
        return;
      }
    }
    const bool silent = silent_.contains(name);
    double factor = silent ? 0 : 1;
    if (const auto table = read_out_.find(name); table != read_out_.end())
      factor /= double(copies_of(table->second));
    Tensor start = tensor.clone();
    const auto had = small_offsets_.find(origin.name), has = large_offsets_.find(name);
    if (had != small_offsets_.end()) add_offset(start, *had->second, 1);
    Tensor grown = widened(start, axes, stream_of("grow." + name), factor);
    if (has != large_offsets_.end()) add_offset(grown, *has->second, -1);
    out.rows.push_back({name, origin.name, tensor.shape(), to, origin.added, silent});
    out.tensors.insert_or_assign(name, std::move(grown));
  }

  AxisGrowth axis_of(const std::string& name, const std::string& from, const Node& was,
                     const Node& is, int a) const {
    AxisGrowth g{small_parts_.at(from)[size_t(a)], large_parts_.at(name)[size_t(a)]};
    if (g.from.size() != g.to.size()) g = {{was.outputs[0].shape[a]}, {is.outputs[0].shape[a]}};
    g.shared = std::ranges::count(is.parameter.fan_in, a) > 0;
    return g;
  }

  // How many times an embedding's channels have become more.
  int64_t copies_of(const std::string& table) const {
    const auto was = small_.find(origins_.at(table).name);
    if (was == small_.end()) return 1;
    return large_.at(table)->outputs[0].shape.last() / was->second->outputs[0].shape.last();
  }

  const std::map<std::string, const Node*> small_, large_;
  const PartsOf small_parts_, large_parts_;
  const std::map<std::string, std::string> read_out_;
  const std::map<std::string, const Tensor*> small_offsets_, large_offsets_;
  const Tensors& weights_;
  std::map<std::string, LayerOrigin> origins_;
  std::set<std::string> silent_;
  Diagnostics errors_;
};
}  // namespace

GrownWeights grow_weights(const Graph& small, const Graph& large, const Tensors& weights,
                          LayerGrowth layers) {
  return Grower(small, large, weights, layers).grown();
}
}  // namespace cambium
