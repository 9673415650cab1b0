// LoRA: W + (alpha / r) A B with A [in,r] ~ U(+-1/sqrt(in)) and B [r,out] zero at first; of a
// product, y = x W + (alpha / r)(x A) B, which needs no gradient of W.
#include "train/adapters/support/low_rank.h"

namespace cambium::adapter_lora {
namespace {
double factor(const LowRank& a) {
  return a.alpha / double(a.rank);
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

extern const AdapterMethod adapter_lora;
const AdapterMethod adapter_lora = {.name = "lora",
                                    .doc = "adds a product of two thin matrices to a weight",
                                    .paper = "Hu et al. 2021, arXiv 2106.09685",
                                    .attrs = fields_of<LowRank>,
                                    .merges = true,
                                    .refusal = refusal,
                                    .whole = whole,
                                    .product = product};
}  // namespace cambium::adapter_lora
