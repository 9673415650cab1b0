// rsLoRA: LoRA with alpha / sqrt(r), so that what is added does not shrink as the rank grows.
#include "train/adapters/support/low_rank.h"

namespace cambium::adapter_rslora {
namespace {
double factor(const LowRank& a) {
  return a.alpha / std::sqrt(double(a.rank));
}

std::string refusal(const Attrs& attrs, const AdaptedWeight& w) {
  return low_rank_refusal(w, attrs.as<LowRank>().rank);
}

Value whole(const Attrs& attrs, AdapterSite& site, const AdaptedWeight& w, Value weight) {
  const auto& a = attrs.as<LowRank>();
  return low_rank_whole(site, w, weight, a, factor(a));
}

Value product(const Attrs& attrs, AdapterSite& site, const AdaptedWeight& w,
              const ProductUse& use) {
  const auto& a = attrs.as<LowRank>();
  return site.graph.emit("add", {use.base(), low_rank_term(site, w, use, a, factor(a))});
}
}  // namespace

extern const AdapterMethod adapter_rslora;
const AdapterMethod adapter_rslora = {.name = "rslora",
                                      .doc = "LoRA whose factor is alpha / sqrt(rank)",
                                      .paper = "Kalajdzievski 2023, arXiv 2312.03732",
                                      .attrs = fields_of<LowRank>,
                                      .merges = true,
                                      .refusal = refusal,
                                      .whole = whole,
                                      .product = product};
}  // namespace cambium::adapter_rslora
