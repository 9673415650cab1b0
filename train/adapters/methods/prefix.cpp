// Prefix: o + tanh(gate) softmax(q K^T) V beside a softmax over keys, with `length` trained keys K
// and values V and a gate a head, zero at first. In one softmax with the others they would change
// its sum however small they are; so the two are apart, as in LLaMA-Adapter.
#include "train/adapters/method.h"

namespace cambium::adapter_prefix {
namespace {
struct Prefix {
  std::vector<std::string> on;
  int64_t length = 10;
  double std = 0.02;
  static constexpr auto fields = std::tuple{
      field("on", &Prefix::on, "blocks whose attention is meant, such as \"*attention\""),
      field("length", &Prefix::length, "trained keys and values").in(1, 4096),
      field("std", &Prefix::std, "they start as N(0, std)").in(0, 10)};
};

Value beside(const Attrs& attrs, AdapterSite& site, const AttentionUse& use) {
  Graph& g = site.graph;
  const auto& a = attrs.as<Prefix>();
  const int64_t batch = use.q.shape()[0];
  const auto tokens = [&](std::string_view name, Value like) {  // [B,length,G,D]
    const int64_t groups = like.shape()[2], width = like.shape()[3];
    const Value own = site.parameter(
        name, Shape{1, a.length, groups, width},
        {.init = {Init::kNormal, a.std}, .decay = false, .kind = ParameterKind::kPosition});
    return g.emit("broadcast_to", {own},
                  {{"shape", std::vector<int64_t>{batch, a.length, groups, width}}});
  };
  const Value k = tokens("prefix.keys", use.k), v = tokens("prefix.values", use.v);
  const Value o = g.emit("attention", {use.q, k, v}, {{"scale", use.scale}});
  const int64_t heads = use.q.shape()[2];
  const Value gate = site.parameter("prefix.gate", Shape{heads, 1},
                                    {.decay = false, .kind = ParameterKind::kScale});
  return g.emit("add", {use.o, g.emit("mul", {o, g.emit("tanh", {gate})})});
}
}  // namespace

extern const AdapterMethod adapter_prefix;
const AdapterMethod adapter_prefix = {
    .name = "prefix",
    .doc = "trains keys and values that attention looks at beside its own, behind a gate",
    .paper = "Li and Liang 2021, arXiv 2101.00190; Zhang et al. 2023, arXiv 2303.16199 (the gate)",
    .place = AdapterPlace::kAttention,
    .attrs = fields_of<Prefix>,
    .beside = beside};
}  // namespace cambium::adapter_prefix
