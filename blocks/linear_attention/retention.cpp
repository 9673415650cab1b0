// retention: linear attention with a decay of its own for each head, and a gate. [B,T,C] -> [B,T,C]
//   q, k = rope(x Wq), rope(x Wk) / sqrt(D);  v = x Wv, g = x Wg, both `expand` times as wide
//   S_t = gamma_h S_{t-1} + k_t v_t^T;  o_t = S_t^T q_t;  y = (silu(g) * norm(o)) Wo
// gamma_h = 1 - 2^(-5 - h) unless `decay` gives the exponents. The norm is one of each head and has
// no parameters, as in the authors' code. The scan is causal.
#include "blocks/linear_attention/heads.h"

namespace cambium::block_retention {
namespace {
struct Retention {
  int64_t heads = 1;
  double expand = 2, first_decay = 5, last_decay = 0, rope_base = 10000;
  bool rope = true, gate = true, bias = false;
  static constexpr auto fields = std::tuple{
      field("heads", &Retention::heads, "heads, each with its own decay").in(1, 1024),
      field("expand", &Retention::expand, "width of values and gate / C").in(0.01, 64),
      field("first_decay", &Retention::first_decay, "n of the first head's decay 1 - 2^-n")
          .in(0.1, 20),
      field("last_decay", &Retention::last_decay,
            "n of the last head's, evenly between; 0: one more each head")
          .in(0, 20),
      field("rope", &Retention::rope, "rotate queries and keys by their position"),
      field("rope_base", &Retention::rope_base,
            "the longest rotation takes 2 pi rope_base positions")
          .in(1),
      field("gate", &Retention::gate, "multiply the output by silu(x Wg)"),
      field("bias", &Retention::bias, "biases in all projections")};
};

Value log_decays(Builder& b, const Retention& a) {
  return b.table(DType::kF32, {a.heads}, [&](Tensor& t) {
    for (int64_t h = 0; h < a.heads; ++h) {
      double n = a.first_decay + double(h);
      if (a.last_decay > 0)
        n = a.first_decay +
            (a.last_decay - a.first_decay) * double(h) / double(std::max<int64_t>(1, a.heads - 1));
      t.f32()[size_t(h)] = float(std::log1p(-std::exp2(-n)));
    }
  });
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Retention>();
  const int64_t c = s.channels();
  require_heads(a.heads, c);
  const int64_t d = c / a.heads;
  if (a.rope && d % 2 != 0)
    throw OptionError("rope",
                      str("rope = true needs heads of even width, heads = ", a.heads, " of C = ", c,
                          " are ", d, " wide"),
                      "use rope: false, or another number of heads", c);
  const int64_t width = std::max<int64_t>(1, std::llround(a.expand * double(d))) * a.heads;
  const auto place = [&](Value x) {
    if (!a.rope) return x;
    return b.emit("rope", b.step ? std::vector{x, b.step->position} : std::vector{x},
                  {{"base", a.rope_base}});
  };
  const Value q = place(split_heads(b, b.linear("q", s.x, c, a.bias), a.heads));
  const Value k = place(split_heads(b, b.linear("k", s.x, c, a.bias), a.heads));
  const Value v = split_heads(b, b.linear("v", s.x, width, a.bias), a.heads);
  const Value o =
      attend_linearly(b, q, k, v, log_decays(b, a), {.scale = 1 / std::sqrt(double(d))});
  Value y = merge_heads(b, rms_normalised(b, o, 1e-5));
  if (a.gate) y = b.emit("mul", {b.emit("silu", {b.linear("g", s.x, width, a.bias)}), y});
  s.x = b.residual_linear("o", y, c, a.bias);
  return s;
}
}  // namespace

extern const Block block_retention = {
    .name = "retention",
    .family = "linear attention",
    .doc = "Causal linear attention whose heads forget at rates of their own",
    .formula = "S_t = gamma_h S_{t-1} + k_t v_t^T; y_t = (silu(g_t) * norm(S_t^T q_t)) Wo",
    .paper = "Sun et al. 2023, arXiv 2307.08621",
    .attrs = fields_of<Retention>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .no_width_rule = "its heads forget the more slowly the more there are",
    .build = build,
    .samples = {{"retention: 2", Domain::kTokens, {2, 5, 8}},
                {"retention: {heads: 3, rope: false, expand: 1, last_decay: 1, first_decay: 3}",
                 Domain::kTokens,
                 {1, 7, 9}},
                {"retention: {heads: 1, gate: false, bias: true, expand: 0.5}",
                 Domain::kTokens,
                 {2, 3, 6}}}};
}  // namespace cambium::block_retention
