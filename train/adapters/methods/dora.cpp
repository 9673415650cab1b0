// DoRA: m (W + s A B) / |W + s A B|, column by column, s = alpha / r; the norm counts as a constant
// for the gradient, as the paper proposes. The magnitude m is kept as a factor of the column's own
// norm, m = g |W| with g = 1 at first: nothing of the weights need be known to start, and a step of
// Adam moves it by the rate in parts of the norm.
#include "train/adapters/support/low_rank.h"

namespace cambium::adapter_dora {
namespace {
constexpr double kLeast = 1e-24;  // of a squared norm, so that a column of zeros stays one

double factor(const LowRank& a) {
  return a.alpha / double(a.rank);
}

int64_t columns(const AdaptedWeight& w) {
  const LowRankShape s = low_rank_shape(w);
  return s.copies * s.out;
}

std::string refusal(const Attrs& attrs, const AdaptedWeight& w) {
  if (w.shape.rank() < 2) return str("it is a vector ", w.shape);
  return low_rank_refusal(w, attrs.as<LowRank>().rank, columns(w));
}

// |W| of each column, [1,...,out], of experts [E,1,out].
Value norms(Graph& g, Value w, bool experts) {
  std::vector<int64_t> axes;
  for (int64_t i = experts ? 1 : 0; i + 1 < w.shape().rank(); ++i) axes.push_back(i);
  const Value sum = g.emit("reduce_sum", {g.emit("mul", {w, w})}, {{"axes", axes}, {"keep", true}});
  const Value norm = g.emit("sqrt", {g.emit("scale", {sum}, {{"a", 1.0}, {"b", kLeast}})});
  return g.emit("stop_gradient", {norm});
}

// g |W| / |W'|, in the shape of the norms.
Value ratio(AdapterSite& site, const AdaptedWeight& w, Value weight, Value changed) {
  Graph& g = site.graph;
  const bool experts = low_rank_shape(w).copies > 1;
  const Value before = norms(g, weight, experts), now = norms(g, changed, experts);
  const Value size =
      site.parameter("dora_scale", before.shape(),
                     {.init = {Init::kConstant, 1}, .decay = false, .kind = ParameterKind::kScale});
  return g.emit("mul", {size, g.emit("div", {before, now})});
}

Value whole(const Attrs& attrs, AdapterSite& site, const AdaptedWeight& w, Value weight) {
  const auto& a = attrs.as<LowRank>();
  const Value changed = low_rank_whole(site, w, weight, a, factor(a));
  return site.graph.emit("mul", {changed, ratio(site, w, weight, changed)});
}

Value product(const Attrs& attrs, AdapterSite& site, const AdaptedWeight& w,
              const ProductUse& use) {
  Graph& g = site.graph;
  const auto& a = attrs.as<LowRank>();
  const Value changed = low_rank_whole(site, w, use.w, a, factor(a));
  const Value columns_ratio = g.emit("reshape", {ratio(site, w, use.w, changed)},
                                     {{"shape", std::vector<int64_t>{w.shape.last()}}});
  const Value before = use.transposed ? columns_ratio : Value{};
  Value y = g.emit(
      "add", {use.apply(use.w, 0, before), low_rank_term(site, w, use, a, factor(a), before)});
  if (!use.transposed) y = g.emit("mul", {y, columns_ratio});
  return use.bias ? g.emit("add", {y, use.bias}) : y;
}
}  // namespace

extern const AdapterMethod adapter_dora;
const AdapterMethod adapter_dora = {
    .name = "dora",
    .doc = "LoRA of a weight's columns as directions, with a trained factor of their lengths",
    .paper = "Liu et al. 2024, arXiv 2402.09353",
    .attrs = fields_of<LowRank>,
    .merges = true,
    .refusal = refusal,
    .whole = whole,
    .product = product};
}  // namespace cambium::adapter_dora
