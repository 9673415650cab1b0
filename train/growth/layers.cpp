#include "train/growth/layers.h"

#include <algorithm>
#include <charconv>

namespace cambium {
namespace {
std::vector<std::string> segments_of(std::string_view name) {
  std::vector<std::string> out(1);
  for (const char c : name)
    if (c == '.')
      out.emplace_back();
    else
      out.back() += c;
  return out;
}

// -1: no number.
int64_t number_in(std::string_view segment) {
  int64_t n = -1;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), n);
  return error == std::errc() && end == segment.data() + segment.size() ? n : -1;
}

// How many layers stand below each path: "repeat" -> 12.
std::map<std::string, int64_t> layer_counts(const std::vector<std::string>& names) {
  std::map<std::string, int64_t> out;
  for (const std::string& name : names) {
    std::string path;
    for (const std::string& s : segments_of(name)) {
      if (const int64_t n = number_in(s); n >= 0) {
        int64_t& most = out[path];
        most = std::max(most, n + 1);
      }
      path += path.empty() ? s : "." + s;
    }
  }
  return out;
}

LayerOrigin layer_of(int64_t i, int64_t had, int64_t has, LayerGrowth kind) {
  if (has <= had) return {str(i), false};
  if (kind == LayerGrowth::kStack) return {str(i % had), i >= had};
  if (has % had != 0) return {str(std::min(i, had - 1)), i >= had};  // the new ones come last
  return {str(i / (has / had)), i % (has / had) != 0};
}

// Walks back from what is added to a shortcut to the parameters that it ends in.
class EndWalk {
 public:
  EndWalk(const Graph& g, std::set<std::string>& found) : g_(g), found_(found) {}

  // Whether zeros in the parameters that are found make the value zero.
  bool ends(Port p) {
    const Node& n = g_.node(p.node);
    if (!n.op) return false;
    const std::string_view name = n.op->name;
    const std::vector<std::string> weights = weights_of(n);
    if (!weights.empty() && multiplies(n)) {
      found_.insert(weights.begin(), weights.end());
      return true;
    }
    if (name == "add" || name == "sub") {
      if (weights.empty()) return ends(n.inputs[0]) && ends(n.inputs[1]);
      found_.insert(weights.begin(), weights.end());  // a bias, zero as well
      const bool first = g_.node(n.inputs[0].node).role == Role::kParameter;
      return ends(n.inputs[first ? 1 : 0]);
    }
    if (name == "mul" && weights.empty()) return ends(n.inputs[0]) || ends(n.inputs[1]);
    const bool factor = name == "scale" && shift_of(n) == 0;
    static constexpr std::string_view kKeepZero[] = {"dropout", "reshape", "transpose", "relu",
                                                     "gelu",    "silu",    "tanh",      "cast",
                                                     "slice",   "pad",     "concat"};
    if (!factor && !std::ranges::count(kKeepZero, name)) return false;
    return std::ranges::all_of(n.inputs, [&](Port in) {
      return in.node < 0 || g_.node(in.node).role == Role::kInput || ends(in);
    });
  }

 private:
  std::vector<std::string> weights_of(const Node& n) const {
    std::vector<std::string> out;
    for (const Port p : n.inputs)
      if (p.node >= 0 && g_.node(p.node).role == Role::kParameter)
        out.push_back(g_.node(p.node).scope.path);
    return out;
  }

  // A product, a norm or a factor, all of whose parameters at zero make it zero.
  static bool multiplies(const Node& n) {
    static constexpr std::string_view kNames[] = {
        "linear",     "conv2d",   "matmul",     "mul",        "grouped_linear",
        "layer_norm", "rms_norm", "group_norm", "batch_norm", "batch_norm_apply"};
    return std::ranges::count(kNames, n.op->name) > 0;
  }

  static double shift_of(const Node& n) {
    const std::optional<ArgValue> b = n.attrs.find("b");
    const auto* shift = b ? std::get_if<double>(&b->variant()) : nullptr;
    return shift ? *shift : 0;
  }

  const Graph& g_;
  std::set<std::string>& found_;
};

bool below(std::string_view path, std::string_view above) {
  return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '.';
}
}  // namespace

std::string_view name_of(LayerGrowth kind) {
  static constexpr std::string_view kNames[] = {"identity", "stack", "repeat"};
  return kNames[size_t(kind)];
}

std::map<std::string, LayerOrigin> layer_origins(const std::vector<std::string>& small,
                                                 const std::vector<std::string>& large,
                                                 LayerGrowth kind) {
  const std::map<std::string, int64_t> had = layer_counts(small), has = layer_counts(large);
  std::map<std::string, LayerOrigin> out;
  for (const std::string& name : large) {
    LayerOrigin origin;
    std::string path;  // of the larger model
    for (const std::string& s : segments_of(name)) {
      std::string segment = s;
      if (const int64_t n = number_in(s); n >= 0)
        if (const auto was = had.find(origin.name); was != had.end()) {
          const LayerOrigin layer = layer_of(n, was->second, has.at(path), kind);
          segment = layer.name;
          origin.added |= layer.added;
        }
      origin.name += origin.name.empty() ? segment : "." + segment;
      path += path.empty() ? s : "." + s;
    }
    out.emplace(name, std::move(origin));
  }
  return out;
}

BranchEnds branch_ends(const Graph& model, const std::set<std::string>& added) {
  BranchEnds out;
  for (const Node& n : model.nodes()) {
    if (!n.op || n.op->name != "add") continue;
    const std::string& path = n.scope.path;
    if (std::ranges::none_of(added, [&](const std::string& layer) { return below(path, layer); }))
      continue;
    // Of two operands, the shortcut comes from outside of the block that adds.
    const auto inside = [&](Port p) {
      const std::string& from = model.node(p.node).scope.path;
      return from == path || below(from, path);
    };
    const bool first = inside(n.inputs[0]), second = inside(n.inputs[1]);
    if (first == second) continue;
    std::set<std::string> ends;
    if (EndWalk(model, ends).ends(n.inputs[first ? 0 : 1]))
      out.parameters.insert(ends.begin(), ends.end());
    else
      out.open.insert(path);
  }
  return out;
}
}  // namespace cambium
