#include "blocks/scaling.h"

#include <cmath>

#include "blocks/block.h"

namespace cambium {
WidthKind width_kind(const WeightGrowth& g) {
  if (g.in_differs) return g.out_differs ? WidthKind::kMatrix : WidthKind::kReadout;
  return g.out_differs || g.copies != 1 ? WidthKind::kVector : WidthKind::kFixed;
}

std::string_view name_of(WidthKind kind) {
  constexpr std::string_view kNames[] = {"fixed", "vector", "matrix", "readout"};
  return kNames[size_t(kind)];
}

std::string without_copies(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t end = std::min(path.find('.'), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool copy = segment.find_first_not_of("0123456789") == std::string_view::npos;
    out += str(out.empty() ? "" : ".", copy ? "*" : segment);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

WeightGrowth growth_between(const Shape& shape, const Shape& base, const std::vector<int>& fan_in,
                            const std::vector<int>& fan_out) {
  require(shape.rank() == base.rank(), "it is ", shape, " here and ", base, " at the base sizes");
  WeightGrowth g;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == base[axis]) continue;
    require(shape[axis] > 0 && base[axis] > 0, "it is empty: ", shape, ", at the base sizes ",
            base);
    const double ratio = double(shape[axis]) / double(base[axis]);
    const bool in = std::ranges::count(fan_in, axis) > 0;
    const bool out = std::ranges::count(fan_out, axis) > 0;
    if (in) g.fan_in *= ratio;
    if (out) g.fan_out *= ratio;
    if (!in && !out) g.copies *= ratio;
    g.in_differs |= in;
    g.out_differs |= out;
  }
  return g;
}

double Builder::at_base(std::string_view name, double value) {
  const std::string path = path_of(name);
  numbers[path] = value;
  if (!scaling) return value;
  const double* found = scaling->base->numbers.find(path);
  require(found, "it does not stand in the model at the base sizes of ", scaling->name);
  return *found;
}

double Builder::score_scale(double given, int64_t width) {
  const double scale = at_base("score_scale", given);
  const double base = at_base("score_width", double(width));
  if (base == double(width)) return scale;
  return (scale > 0 ? scale : 1 / std::sqrt(base)) * base / double(width);
}

Value Builder::branch(Value f) {
  if (!scaling || !scaling->branch) return f;
  const double factor = scaling->branch(depth);
  return factor == 1 ? f : emit("scale", {f}, {{"a", factor}});
}

Value Builder::read_out(Value x, Value table) {
  if (!scaling) return x;
  const WeightGrowth& of_table = growth.at(graph.node(table.node).scope.path);
  const WeightGrowth turned{.fan_in = of_table.fan_out,
                            .fan_out = of_table.fan_in,
                            .in_differs = of_table.out_differs,
                            .out_differs = of_table.in_differs};
  const double factor = scaling->weight(turned).forward;
  return factor == 1 ? x : emit("scale", {x}, {{"a", factor}});
}

Value Builder::new_weight(const std::string& path, const Weight& w, ParameterInfo info) {
  if (!scaling) return graph.parameter(path, w.shape, std::move(info));
  const BaseWeight* base = scaling->base->weights.find(path);
  if (!base)
    throw UserError(str("'", path, "' is no weight of the model at the base sizes of ",
                        scaling->name, ", or has several shapes there"),
                    "let `base` change widths, and counts of equal layers, alone");
  WeightGrowth g = growth_between(w.shape, base->shape, w.fan_in, w.fan_out);
  g.depth = depth;
  if (scaling->branch && depth != 1 && !in_branch)
    throw UserError(str("no rule of ", scaling->name, " is known for repeated layers whose result ",
                        "is not added to a shortcut, and there are ", depth,
                        " times as many as at ", "the base sizes"),
                    "put them into - residual: [...], with its norm before the branch");
  const WeightFactors factors = scaling->weight(g);
  info.init = base->init;
  info.init.scale *= factors.start;
  growth[path] = g;
  const Value v = graph.parameter(path, w.shape, std::move(info));
  return factors.forward == 1 ? v : emit("scale", {v}, {{"a", factors.forward}});
}
}  // namespace cambium
