// attention: multi-head self-attention. [B,T,C] -> [B,T,C], D = C / heads
//   q, k, v = x Wq, x Wk, x Wv;  o = softmax(q k^T / sqrt(D)) v;  y = o Wo
// Three projections leave [B,T,H,D] as they are: no permutation is needed.
#include "blocks/layers.h"

namespace cambium {
namespace {
struct Attention {
  int64_t heads = 1, kv_heads = 0;
  bool causal = false;
  std::string position = "none";
  double rope_base = 10000, dropout = 0;
  bool bias = true, qk_norm = false;
  static constexpr auto fields = std::tuple{
      field("heads", &Attention::heads, "heads of width C / heads").in(1, 1024),
      field("kv_heads", &Attention::kv_heads,
            "heads of keys and values, shared by groups of queries; 0: as many as heads")
          .in(0, 1024),
      field("causal", &Attention::causal, "position t sees 0..t only"),
      field("position", &Attention::position, "rope: rotate queries and keys by their position")
          .one_of("none|rope"),
      field("rope_base", &Attention::rope_base,
            "the longest rotation takes 2 pi rope_base positions")
          .in(1),
      field("dropout", &Attention::dropout, "drop attention weights in training").in(0, 0.99),
      field("bias", &Attention::bias, "biases in the four projections"),
      field("qk_norm", &Attention::qk_norm, "RMS-normalise queries and keys per head")};
};

void check(const Attention& a, int64_t c) {
  std::vector<int64_t> fits;
  for (int64_t h = 1; h <= c && h <= 64; ++h)
    if (c % h == 0 && (a.position != "rope" || (c / h) % 2 == 0)) fits.push_back(h);
  if (c % a.heads != 0) {
    int64_t below = 0, above = 0;
    for (int64_t h : fits) {
      if (h < a.heads) below = h;
      if (h > a.heads && above == 0) above = h;
    }
    std::string help = below ? str("use heads: ", below) : std::string();
    if (above) help += help.empty() ? str("use heads: ", above) : str(" or heads: ", above);
    throw UserError(str("heads = ", a.heads, " does not divide C = ", c), help);
  }
  require(a.kv_heads == 0 || a.heads % a.kv_heads == 0, "kv_heads = ", a.kv_heads,
          " does not divide heads = ", a.heads);
  require(a.position != "rope" || (c / a.heads) % 2 == 0,
          "position = rope needs heads of even width, ", "heads = ", a.heads, " of C = ", c,
          " are ", c / a.heads, " wide");
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Attention>();
  const int64_t batch = s.shape()[0], t = s.shape()[1], c = s.channels();
  check(a, c);
  const int64_t d = c / a.heads, groups = a.kv_heads ? a.kv_heads : a.heads;
  const auto project = [&](std::string_view name, int64_t heads) {
    const Value y = b.linear(name, s.x, heads * d, a.bias);
    return b.emit("reshape", {y}, {{"shape", std::vector<int64_t>{batch, t, heads, d}}});
  };
  const auto place = [&](Value x, std::string_view name) {
    if (a.qk_norm) x = b.in_scope(name, [&] { return normalise(b, "rms", x); });
    return a.position == "rope" ? b.emit("rope", {x}, {{"base", a.rope_base}}) : x;
  };
  const Value q = place(project("q", a.heads), "q_norm");  // [B,T,H,D]
  const Value k = place(project("k", groups), "k_norm");   // [B,T,G,D]
  const Value v = project("v", groups);                    // [B,T,G,D]
  const bool drop = a.dropout > 0 && b.training;
  Args args = {{"causal", a.causal}};
  if (drop) args.push_back({"dropout", a.dropout});
  if (drop) args.push_back({"stream", b.random_stream("weights")});
  const Value o =
      b.emit("attention", drop ? std::vector{q, k, v, b.rng()} : std::vector{q, k, v}, args);
  const Value flat = b.emit("reshape", {o}, {{"shape", std::vector<int64_t>{batch, t, c}}});
  s.x = b.residual_linear("o", flat, c, a.bias);  // [B,T,C]
  return s;
}
}  // namespace

extern const Block block_attention = {
    .name = "attention",
    .family = "transformer",
    .doc = "Multi-head self-attention, with grouped queries, rotary positions and a causal mask",
    .formula = "y = softmax(q k^T / sqrt(D)) v Wo",
    .paper =
        "Vaswani et al. 2017, arXiv 1706.03762; Ainslie et al. 2023, arXiv 2305.13245 (kv_heads); "
        "Su et al. 2021, arXiv 2104.09864 (rope)",
    .attrs = fields_of<Attention>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .keeps_shape = true,
    .build = build,
    .samples = {{"attention: 2", Domain::kTokens, {2, 5, 4}},
                {"attention: {heads: 4, kv_heads: 2, causal: true, position: rope, bias: false}",
                 Domain::kTokens,
                 {1, 6, 8}},
                {"attention: {heads: 1, qk_norm: true, causal: true}", Domain::kTokens, {2, 3, 3}},
                {"attention: {heads: 2, dropout: 0.3}", Domain::kTokens, {1, 4, 6}}}};
}  // namespace cambium
