// rwkv_ffn: the channel mixing of RWKV-4, a gated feed-forward layer that sees the token before.
// [B,T,C] -> [B,T,C]
//   k = relu((mu_k x_t + (1 - mu_k) x_{t-1}) Wk)^2  [B,T,expand C]
//   y = sigmoid((mu_r x_t + (1 - mu_r) x_{t-1}) Wr) * (k Wv)
// `place` as in the block rwkv. Always causal.
#include <cmath>

#include "blocks/state_space/rwkv_mix.h"

namespace cambium::block_rwkv_ffn {
namespace {
struct RwkvFfn {
  double expand = 4, place = 0;
  static constexpr auto fields =
      std::tuple{field("expand", &RwkvFfn::expand, "inner width / C").in(0.01, 64),
                 field("place", &RwkvFfn::place,
                       "share of the layers that stand below: 0 the first, 1 the last")
                     .in(0, 1)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<RwkvFfn>();
  const int64_t c = s.channels();
  const auto inner = std::max<int64_t>(1, std::llround(a.expand * double(c)));
  const Value before = token_before(b, s.x);
  const auto mixed = [&](std::string_view name) {
    return time_shift(b, name, s.x, before,
                      [&](double share) { return std::pow(share, 1 - a.place); });
  };
  const Value h = b.emit("relu", {b.linear("k", mixed("mix_k"), inner, false)});
  const Value y = b.residual_linear("v", b.emit("square", {h}), c, false);
  const Value gate = b.emit("sigmoid", {b.linear("r", mixed("mix_r"), c, false)});
  s.x = b.emit("mul", {gate, y});
  return s;
}
}  // namespace

extern const Block block_rwkv_ffn = {
    .name = "rwkv_ffn",
    .family = "state space",
    .doc = "RWKV-4's channel mixing: a gated feed-forward layer that sees the token before",
    .formula = "y = sigmoid(r) * (relu(k)^2 Wv)",
    .paper = "Peng et al. 2023, arXiv 2305.13048",
    .attrs = fields_of<RwkvFfn>,
    .primary = "expand",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"rwkv_ffn", Domain::kTokens, {2, 5, 3}},
                {"rwkv_ffn: {expand: 1.5, place: 1}", Domain::kTokens, {1, 4, 2}}}};
}  // namespace cambium::block_rwkv_ffn
