// attention: multi-head self-attention. [B,T,C] -> [B,T,C], D = C / heads or head_dim
//   q, k, v = x Wq, x Wk, x Wv;  o = softmax(q k^T / sqrt(D)) v;  y = o Wo
// Three projections leave [B,T,H,D] as they are: no permutation is needed.
// kind: full; block_sparse computes only the blocks it looks at
// (blocks/transformer/block_sparse.h); top_k keeps the `keep` highest scores of a query: all scores
// are computed, the weighted sum and the backward pass touch the kept keys alone.
// Nobody looks at padding.
#include "blocks/transformer/block_sparse.h"
#include "blocks/transformer/transformer_xl.h"

namespace cambium::block_attention {
namespace {
struct Attention : Heads, BlockSparse {
  bool causal = false;
  int64_t keep = 16;
  static constexpr auto fields = std::tuple_cat(
      Heads::fields,
      std::tuple{
          field("causal", &Attention::causal, "position t sees 0..t only"),
          field("kind", &Attention::kind, "which keys a query looks at")
              .one_of("full|block_sparse|top_k"),
          field("keep", &Attention::keep, "top_k: keys of a query, those with the highest scores")
              .in(1)},
      BlockSparse::fields);
};

bool adds_pairs(const Attention& a) {
  return a.position == "relative_2d" || a.position == "xl";
}

// UserError when options of full attention are asked of another kind.
void check_kind(const Attention& a) {
  if (a.kind == "full") return;
  const auto refuse = [&](bool given, std::string_view option, std::string_view unless = "") {
    if (given)
      throw OptionError(std::string(option),
                        str(option, " does not go with kind = ", a.kind, unless),
                        str("leave ", option, " out, or use kind: full"));
  };
  const bool top = a.kind == "top_k";
  refuse(a.window > 0, "window");
  refuse(a.dilation > 1, "dilation");
  refuse(a.dropout > 0 && top, "dropout");
  refuse(a.dropout > 0 && a.block != 64, "dropout", " unless block = 64");
  refuse(adds_pairs(a), "position");
  refuse(top && a.sinks, "sinks");
  refuse(top && (a.position == "alibi" || a.position == "t5"), "position");
}

Value attend_kept(Builder& b, const Attention& a, Value q, Value k, Value v, Value mask) {
  if (b.step) return attend_step(b, a, a.causal, q, k, v, {.keep = a.keep});
  std::vector<Value> in = {q, k, v};
  if (mask) in.push_back(mask);
  return b.emit(
      "top_k_attention", in,
      {{"causal", a.causal}, {"scale", a.scale}, {"soft_cap", a.soft_cap}, {"keep", a.keep}});
}

// What is added to the score of each pair, for queries q; none with other positions.
Value pairs_of(Builder& b, const Attention& a, const Stream& s, Value q) {
  if (!adds_pairs(a)) return {};
  if (a.dilation > 1)
    throw OptionError("dilation", str("dilation does not go with position = ", a.position),
                      "leave dilation out, or use position: t5");
  if (a.position == "xl") {
    require(!b.step, "position = xl does not work one token at a time");
    const double scale = a.scale > 0 ? a.scale : 1 / std::sqrt(double(q.shape()[3]));
    return distance_pairs(b, q, s.channels(), scale);
  }
  if (b.step || s.rows * s.columns != s.shape()[1])
    throw OptionError(
        "position", "position = relative_2d needs the tokens of a grid",
        "use it between grid_to_tokens or patch_embed and a class_token, or position: t5");
  return grid_bias(b, a, s.rows, s.columns);
}

Value attend_by_kind(Builder& b, const Attention& a, Value q, Value k, Value v, Value mask,
                     Value pairs) {
  if (a.kind == "top_k") return attend_kept(b, a, q, k, v, mask);
  if (a.kind == "block_sparse")
    return b.step ? attend_blocks_step(b, a, a, a.causal, q, k, v)
                  : attend_blocks(b, a, a, a.causal, q, k, v, mask);
  return attend(b, a, a.causal, q, k, v, mask, pairs);
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  auto a = use.attrs.as<Attention>();
  check_heads(a, s.channels());
  check_kind(a);
  if (a.kind == "block_sparse" && a.random > 0 && !a.causal)
    refuse_padding(s, str("random = ", a.random, " draws among blocks of padding too"),
                   "use random: 0, or causal: true");
  const int64_t d = a.width(s.channels()), e = a.value_width(s.channels());
  a.scale = b.score_scale(a.scale, d);
  const Value q = project_heads(b, a, "q", s, a.heads, d);            // [B,T,H,D]
  const Value k = project_heads(b, a, "k", s, a.groups(), d);         // [B,T,G,D]
  const Value v = project_heads(b, a, "v", s, a.groups(), e, false);  // [B,T,G,E]
  const Value pairs = pairs_of(b, a, s, q);
  const Value asked = a.position == "xl" ? with_head_vector(b, "u", q) : q;
  s.x = join_heads(b, a, s.x, attend_by_kind(b, a, asked, k, v, real_keys(b, s), pairs));
  return s;
}
}  // namespace

extern const Block block_attention = {
    .name = "attention",
    .family = "transformer",
    .doc = "Multi-head self-attention: grouped queries, positions, causal, windows, sparse kinds",
    .formula = "y = softmax(q k^T / sqrt(D)) v Wo",
    .paper =
        "Vaswani et al. 2017, arXiv 1706.03762; Ainslie et al. 2023, arXiv 2305.13245 (kv_heads); "
        "Su et al. 2021, arXiv 2104.09864 (rope); Heo et al. 2024, arXiv 2403.13298 (rope_2d); "
        "Press et al. 2021, arXiv 2108.12409 (alibi); "
        "Raffel et al. 2019, arXiv 1910.10683 (t5); Liu et al. 2021, arXiv 2103.14030 "
        "(relative_2d); Dai et al. 2019, arXiv 1901.02860 (xl); Beltagy et al. 2020, arXiv "
        "2004.05150 (window, "
        "dilation); Xiao et al. 2023, arXiv 2309.17453 (sinks); Zaheer et al. 2020, arXiv "
        "2007.14062 (block_sparse); Gupta et al. 2021, arXiv 2106.06899 (top_k)",
    .attrs = fields_of<Attention>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {
        {"attention: 2", Domain::kTokens, {2, 5, 4}},
        {"attention: {heads: 4, kv_heads: 2, causal: true, position: rope, bias: false}",
         Domain::kTokens,
         {1, 6, 8}},
        {"attention: {heads: 1, qk_norm: true, causal: true}", Domain::kTokens, {2, 3, 3}},
        {"attention: {heads: 2, kv_heads: 1, head_dim: 6, causal: true, position: rope, "
         "rotary_dim: "
         "4, qk_norm: true}",
         Domain::kTokens,
         {2, 5, 3}},
        {"attention: {heads: 2, head_dim: 3, value_dim: 5, causal: true, window: 3, gate: true}",
         Domain::kTokens,
         {1, 6, 4}},
        {"attention: {heads: 2, value_dim: 1, kind: top_k, keep: 3, causal: true}",
         Domain::kTokens,
         {1, 6, 4}},
        {"attention: {heads: 2, causal: true, window: 3, position: alibi, gate: true}",
         Domain::kTokens,
         {1, 7, 4}},
        {"attention: {heads: 2, window: 2, dilation: 3, soft_cap: 2}", Domain::kTokens, {2, 6, 4}},
        {"attention: {heads: 2, dropout: 0.3}", Domain::kTokens, {1, 4, 6}},
        {"attention: {heads: 2, position: t5, buckets: 6, max_distance: 5, sinks: true}",
         Domain::kTokens,
         {2, 9, 4}},
        {"attention: {heads: 2, causal: true, position: t5, buckets: 4, max_distance: 6, scale: 1}",
         Domain::kTokens,
         {1, 7, 4}},
        {"[{grid_to_tokens: {}}, {attention: {heads: 2, position: rope_2d}}]",
         Domain::kGrid,
         {1, 2, 3, 8}},
        {"[{grid_to_tokens: {}}, {attention: {heads: 2, position: relative_2d}}]",
         Domain::kGrid,
         {2, 2, 3, 4}},
        {"attention: {heads: 2, kv_heads: 1, causal: true, position: xl}",
         Domain::kTokens,
         {2, 5, 4}},
        {"attention: {heads: 1, head_dim: 3, position: xl, window: 3, bias: false}",
         Domain::kTokens,
         {1, 4, 3}},
        {"attention: {heads: 2, kind: block_sparse, block: 3, random: 1, position: t5}",
         Domain::kTokens,
         {1, 20, 4}},
        {"attention: {heads: 2, kind: block_sparse, block: 4, near: 0, causal: true, position: "
         "alibi, sinks: true}",
         Domain::kTokens,
         {1, 18, 4}},
        {"attention: {heads: 2, kind: block_sparse, block: 2, global: 0, random: 0}",
         Domain::kTokens,
         {2, 7, 4}},
        {"attention: {heads: 2, kv_heads: 1, kind: top_k, keep: 3, causal: true, position: rope}",
         Domain::kTokens,
         {2, 7, 4}},
        {"attention: {heads: 2, kind: top_k, keep: 20, soft_cap: 2}", Domain::kTokens, {1, 5, 4}}}};
}  // namespace cambium::block_attention
