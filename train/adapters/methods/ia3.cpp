// (IA)^3: W with its columns, or its rows, times a trained vector of ones: what a matrix makes, or
// what it hears, is scaled channel by channel. The paper does so to keys, values and what the
// second layer of a feed-forward block hears.
#include <algorithm>

#include "train/adapters/method.h"
#include "train/weights/transfer_spec.h"

namespace cambium::adapter_ia3 {
namespace {
struct Ia3 {
  std::vector<std::string> on, inputs;
  static constexpr auto fields = std::tuple{
      field("on", &Ia3::on, "weights whose results are scaled, such as keys and values"),
      field("inputs", &Ia3::inputs,
            "weights whose inputs are scaled instead, such as a feed-forward block's second")};
};

bool scales_inputs(const Attrs& attrs, const AdaptedWeight& w) {
  const auto& a = attrs.as<Ia3>();
  return std::ranges::any_of(a.inputs, [&](const std::string& p) { return meets(p, w.path); });
}

int64_t inputs_of(const AdaptedWeight& w) {
  return w.shape[w.shape.rank() - 2];
}

std::string refusal(const Attrs& attrs, const AdaptedWeight& w) {
  if (w.shape.rank() < 2) return str("it is a vector ", w.shape);
  const int64_t count = scales_inputs(attrs, w) ? inputs_of(w) : w.shape.last();
  if (count < w.shape.count()) return {};
  return str("the adapter has ", count, " numbers, ", w.shape, " itself ", w.shape.count());
}

Value factors(AdapterSite& site, int64_t count) {
  return site.parameter(
      "ia3", Shape{count},
      {.init = {Init::kConstant, 1}, .decay = false, .kind = ParameterKind::kScale});
}

Value whole(const Attrs& attrs, AdapterSite& site, const AdaptedWeight& w, Value weight) {
  Graph& g = site.graph;
  if (!scales_inputs(attrs, w)) return g.emit("mul", {weight, factors(site, w.shape.last())});
  const Value rows = g.emit("reshape", {factors(site, inputs_of(w))},
                            {{"shape", std::vector<int64_t>{inputs_of(w), 1}}});
  return g.emit("mul", {weight, rows});
}

Value product(const Attrs& attrs, AdapterSite& site, const AdaptedWeight& w,
              const ProductUse& use) {
  Graph& g = site.graph;
  const bool inputs = scales_inputs(attrs, w);
  if (use.rows && inputs) return {};  // of rows by their names
  const Value l = factors(site, inputs ? inputs_of(w) : w.shape.last());
  Value y;
  if (inputs != use.transposed)
    y = use.apply(use.w, 0, l);
  else
    y = g.emit("mul", {use.apply(use.w, 0, {}), l});
  return use.bias ? g.emit("add", {y, use.bias}) : y;
}
}  // namespace

extern const AdapterMethod adapter_ia3;
const AdapterMethod adapter_ia3 = {
    .name = "ia3",
    .doc = "scales what weights make, or hear, by a trained factor a channel",
    .paper = "Liu et al. 2022, arXiv 2205.05638",
    .attrs = fields_of<Ia3>,
    .merges = true,
    .refusal = refusal,
    .whole = whole,
    .product = product};
}  // namespace cambium::adapter_ia3
