#include "train/thaw/layer_decay.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {
// The layer that what stands at a path belongs to; empty outside of all blocks.
class Units {
 public:
  explicit Units(const Model& model) : model_(model) {}

  const std::string& of(const std::string& path) {
    const auto [known, fresh] = known_.try_emplace(path);
    if (fresh) known->second = find(path);
    return known->second;
  }

 private:
  std::string find(const std::string& path) const {
    std::string unit;
    bool whole = false;  // inside a block that counts as one
    for (size_t end = path.find('.');; end = path.find('.', end + 1)) {
      const std::string prefix = path.substr(0, end);
      const auto block = model_.blocks.find(prefix);
      if (block != model_.blocks.end() && block->second->repeats) {
        if (end == path.npos) return unit;
        unit = path.substr(0, path.find('.', end + 1));
        whole = true;
      } else if (block != model_.blocks.end() && !whole && !branches(*block->second)) {
        unit = prefix;
        whole = true;
      }
      if (end == path.npos) return unit;
    }
  }

  static bool branches(const Block& b) { return b.name == "parallel" || b.name == "split"; }

  const Model& model_;
  std::map<std::string, std::string> known_;
};

// Numbers of layers by their paths, those with parameters alone.
std::map<std::string, int64_t> numbers_of(const Model& model) {
  const Graph& g = model.graph;
  Units units(model);
  std::map<std::string, int64_t> numbers;
  for (const Node& n : g.nodes())
    if (n.role == Role::kParameter) numbers.try_emplace(units.of(n.scope.path), 1);
  std::vector<int64_t> far(g.nodes().size(), 0);  // the number of the last layer on the way
  for (size_t id = 0; id < far.size(); ++id) {
    const Node& n = g.nodes()[id];
    if (!n.op) continue;
    const std::string unit = units.of(n.scope.path);
    const auto layer = numbers.find(unit);
    int64_t before = 0;
    for (const Port p : n.inputs) {
      if (p.node < 0) continue;
      const Node& from = g.node(p.node);
      if (!from.op && from.role != Role::kInput) continue;
      if (units.of(from.scope.path) == unit && layer != numbers.end() && from.op) continue;
      before = std::max(before, far[size_t(p.node)]);
    }
    if (layer != numbers.end()) layer->second = std::max(layer->second, before + 1);
    far[id] = layer != numbers.end() ? layer->second : before;
  }
  return numbers;
}

double scale_of(const Experiment& e, int64_t number, int64_t highest) {
  return std::pow(e.train.options.layer_decay, double(highest - number));
}

int64_t highest_of(const std::map<std::string, int64_t>& numbers) {
  int64_t highest = 0;
  for (const auto& [unit, number] : numbers) highest = std::max(highest, number);
  return highest;
}
}  // namespace

std::vector<Layer> layers_of(const Experiment& e) {
  const Model& model = model_of(e, e.train.options.batch, true);
  const std::map<std::string, int64_t> numbers = numbers_of(model);
  const int64_t highest = highest_of(numbers);
  std::map<int64_t, Layer> layers;
  Units units(model);
  for (const Node& n : model.graph.nodes()) {
    if (n.role != Role::kParameter) continue;
    const std::string unit = units.of(n.scope.path);
    const int64_t number = numbers.at(unit);
    Layer& layer = layers[number];
    layer.number = number;
    layer.lr_scale = scale_of(e, number, highest);
    const std::string& name = unit.empty() ? n.scope.path : unit;
    if (!std::ranges::count(layer.blocks, name)) layer.blocks.push_back(name);
  }
  std::vector<Layer> out;
  for (auto& [number, layer] : layers) out.push_back(std::move(layer));
  return out;
}

std::vector<double> layer_scales(const Experiment& e, std::span<const std::string> parameters) {
  if (e.train.options.layer_decay == 1) return std::vector<double>(parameters.size(), 1.0);
  const Model& model = model_of(e, e.train.options.batch, true);
  const std::map<std::string, int64_t> numbers = numbers_of(model);
  const int64_t highest = highest_of(numbers);
  Units units(model);
  std::vector<double> out;
  for (const std::string& name : parameters)
    out.push_back(scale_of(e, numbers.at(units.of(name)), highest));
  return out;
}
}  // namespace cambium
