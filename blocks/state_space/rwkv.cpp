// rwkv: the time mixing of RWKV-4. [B,T,C] -> [B,T,C], A = expand C
//   k, v, r = (mu_k x_t + (1 - mu_k) x_{t-1}) Wk, ... Wv, ... Wr  [B,T,A]
//   y = (sigmoid(r) * wkv(k, v)) Wo, wkv_t = an average of v_0 ... v_t weighted by e^k, by a decay
//   e^(-e^decay) a step, and by a bonus for the present token
// `place` says how deep the layer stands (0 first, 1 last): it sets where mu and decay start, as in
// the authors' code. The other half is the block rwkv_ffn. Always causal.
#include <cmath>

#include "blocks/state_space/rwkv_mix.h"

namespace cambium::block_rwkv {
namespace {
struct Rwkv {
  double expand = 1, place = 0;
  static constexpr auto fields = std::tuple{
      field("expand", &Rwkv::expand, "width of keys and values / C").in(0.01, 64),
      field("place", &Rwkv::place, "share of the layers that stand below: 0 the first, 1 the last")
          .in(0, 1)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Rwkv>();
  const int64_t c = s.channels();
  const auto inner = std::max<int64_t>(1, std::llround(a.expand * double(c)));
  const Value before = token_before(b, s.x);
  const double deep = 1 - a.place;
  const auto mixed = [&](std::string_view name, double power, double more) {
    return time_shift(b, name, s.x, before,
                      [=](double share) { return std::pow(share, power) + more; });
  };
  const Value k = b.linear("k", mixed("mix_k", deep, 0), inner, false);
  const Value v = b.linear("v", mixed("mix_v", deep, 0.3 * a.place), inner, false);
  const Value r = b.linear("r", mixed("mix_r", 0.5 * deep, 0), inner, false);
  const Value decay = weight_from(b, "decay", ParameterKind::kDynamics, {inner}, [&](int64_t i) {
    const double share = double(i) / double(std::max<int64_t>(1, inner - 1));
    return -5 + 8 * std::pow(share, 0.7 + 1.3 * a.place);
  });
  const Value bonus = weight_from(b, "bonus", ParameterKind::kDynamics, {inner}, [](int64_t i) {
    return std::log(0.3) + 0.5 * double((i + 1) % 3 - 1);
  });
  const Value w = b.emit("neg", {b.emit("exp", {decay})});
  const Value average = average_wkv(b, k, v, w, bonus);  // [B,T,A]
  s.x = b.residual_linear("o", b.emit("mul", {b.emit("sigmoid", {r}), average}), c, false);
  return s;
}
}  // namespace

extern const Block block_rwkv = {
    .name = "rwkv",
    .family = "state space",
    .doc = "RWKV-4's time mixing: a running average of values, weighted by keys and decay",
    .formula = "y = (sigmoid(r) * wkv(k, v)) Wo",
    .paper = "Peng et al. 2023, arXiv 2305.13048",
    .attrs = fields_of<Rwkv>,
    .primary = "expand",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .no_width_rule = "none is published for its decays",
    .build = build,
    .samples = {{"rwkv", Domain::kTokens, {2, 5, 3}},
                {"rwkv: {expand: 2, place: 0.5}", Domain::kTokens, {1, 7, 4}},
                {"rwkv: {expand: 0.5, place: 1}", Domain::kTokens, {2, 1, 5}}}};
}  // namespace cambium::block_rwkv
