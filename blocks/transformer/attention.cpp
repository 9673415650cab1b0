// attention: multi-head self-attention. [B,T,C] -> [B,T,C], D = C / heads
//   q, k, v = x Wq, x Wk, x Wv;  o = softmax(q k^T / sqrt(D)) v;  y = o Wo
// Three projections leave [B,T,H,D] as they are: no permutation is needed.
#include "blocks/transformer/heads.h"

namespace cambium {
namespace {
struct Attention : Heads {
  bool causal = false;
  static constexpr auto fields = std::tuple_cat(
      Heads::fields, std::tuple{field("causal", &Attention::causal, "position t sees 0..t only")});
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Attention>();
  check_heads(a, s.channels());
  const int64_t d = s.channels() / a.heads;
  const Value q = project_heads(b, a, "q", s.x, a.heads, d);            // [B,T,H,D]
  const Value k = project_heads(b, a, "k", s.x, a.groups(), d);         // [B,T,G,D]
  const Value v = project_heads(b, a, "v", s.x, a.groups(), d, false);  // [B,T,G,D]
  s.x = join_heads(b, a, s.x, attend(b, a, a.causal, q, k, v));
  return s;
}
}  // namespace

extern const Block block_attention = {
    .name = "attention",
    .family = "transformer",
    .doc =
        "Multi-head self-attention: grouped queries, rotary or linear positions, causal, windows",
    .formula = "y = softmax(q k^T / sqrt(D)) v Wo",
    .paper =
        "Vaswani et al. 2017, arXiv 1706.03762; Ainslie et al. 2023, arXiv 2305.13245 (kv_heads); "
        "Su et al. 2021, arXiv 2104.09864 (rope); Press et al. 2021, arXiv 2108.12409 (alibi); "
        "Beltagy et al. 2020, arXiv 2004.05150 (window, dilation)",
    .attrs = fields_of<Attention>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {
        {"attention: 2", Domain::kTokens, {2, 5, 4}},
        {"attention: {heads: 4, kv_heads: 2, causal: true, position: rope, bias: false}",
         Domain::kTokens,
         {1, 6, 8}},
        {"attention: {heads: 1, qk_norm: true, causal: true}", Domain::kTokens, {2, 3, 3}},
        {"attention: {heads: 2, causal: true, window: 3, position: alibi, gate: true}",
         Domain::kTokens,
         {1, 7, 4}},
        {"attention: {heads: 2, window: 2, dilation: 3, soft_cap: 2}", Domain::kTokens, {2, 6, 4}},
        {"attention: {heads: 2, dropout: 0.3}", Domain::kTokens, {1, 4, 6}}}};
}  // namespace cambium
