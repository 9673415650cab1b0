// cross_attention: queries from the stream, keys and values from a tapped one. [B,T,C] with context
// [B,S,C'] -> [B,T,C]
//   q = x Wq;  k, v = c Wk, c Wv;  o = softmax(q k^T / sqrt(D)) v;  y = o Wo
#include "blocks/transformer/heads.h"

namespace cambium {
namespace {
struct CrossAttention : Heads {
  std::string context = "";
  static constexpr auto fields = std::tuple_cat(
      Heads::fields,
      std::tuple{field("context", &CrossAttention::context,
                       "the tap (`as:` or `tap:`) whose tokens are looked at; positions "
                       "count from the start of either sequence")});
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<CrossAttention>();
  require(!a.context.empty(), "context is missing: name the tap to look at");
  const Stream c = b.tap(a.context, use.mark_of("context"));
  check_heads(a, s.channels());
  if (c.domain != Domain::kTokens)
    throw UserError(str("the context '", a.context, "' is a ", name_of(c.domain), ", not tokens"),
                    "tap it after grid_to_tokens or graph_to_tokens");
  if (a.dilation > 1) throw UserError("dilation needs queries and keys of one sequence");
  const int64_t d = s.channels() / a.heads;
  const Value q = project_heads(b, a, "q", s, a.heads, d);            // [B,T,H,D]
  const Value k = project_heads(b, a, "k", c, a.groups(), d);         // [B,S,G,D]
  const Value v = project_heads(b, a, "v", c, a.groups(), d, false);  // [B,S,G,D]
  s.x = join_heads(b, a, s.x, attend(b, a, false, q, k, v));
  return s;
}
}  // namespace

extern const Block block_cross_attention = {
    .name = "cross_attention",
    .family = "transformer",
    .doc = "Attention from this stream to the tokens of a tapped one: decoders, latent queries",
    .formula = "y = softmax((x Wq) (c Wk)^T / sqrt(D)) (c Wv) Wo",
    .paper = "Vaswani et al. 2017, arXiv 1706.03762, section 3.2.3",
    .attrs = fields_of<CrossAttention>,
    .primary = "context",
    .accepts = {Domain::kTokens},
    .keeps_shape = true,
    .build = build,
    .samples = {{"[{tap: source}, {linear: 6}, {cross_attention: {context: source, heads: 2}}]",
                 Domain::kTokens,
                 {2, 5, 4}},
                {"[{tap: source}, {cross_attention: {context: source, qk_norm: true}}]",
                 Domain::kTokens,
                 {1, 3, 3}}}};
}  // namespace cambium
