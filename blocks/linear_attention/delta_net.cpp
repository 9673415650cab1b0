// delta_net: a matrix state that is corrected towards v at key k (fast weights with the delta
// rule). [B,T,C] -> [B,T,C], D = C / heads
//   q, k = l2norm(act(conv(x Wq))), l2norm(act(conv(x Wk)));  v = act(conv(x Wv))
//   beta = sigmoid(x Wb);  u_t = v_t - a_t S_{t-1}^T k_t;  S_t = a_t S_{t-1} + beta_t k_t u_t^T
//   y = norm(S_t^T q_t / sqrt(D)) Wo, a_t = 1
// gated: a_t = e^(-A softplus(x Wa + c)) for each head and step, A from U(0,16), and the output is
// multiplied by silu(x Wg). The convolutions are depthwise and causal. Always causal.
#include "blocks/linear_attention/heads.h"
#include "blocks/linear_attention/starts.h"

namespace cambium::block_delta_net {
namespace {
struct DeltaNet {
  int64_t heads = 1, conv = 4;
  double expand = 1;
  std::string activation = "silu";
  bool beta = true, gated = false, bias = false;
  static constexpr auto fields = std::tuple{
      field("heads", &DeltaNet::heads, "heads of width C / heads").in(1, 1024),
      field("conv", &DeltaNet::conv, "tokens each short causal convolution sees; 0: none")
          .in(0, 64),
      field("expand", &DeltaNet::expand, "width of the values / C").in(0.01, 64),
      field("activation", &DeltaNet::activation, "of queries, keys and values")
          .one_of("silu|elu|relu|none"),
      field("beta", &DeltaNet::beta, "learn how far to correct, else all the way"),
      field("gated", &DeltaNet::gated, "let the state decay, and gate the output"),
      field("bias", &DeltaNet::bias, "biases in the projections of q, k, v and the output")};
};

// A projection of x: convolved along the tokens, activated, [B,T,H,width / H].
Value project(Builder& b, const DeltaNet& a, const Stream& s, const std::string& name,
              int64_t width) {
  Stream y = s;
  y.x = b.linear(name, s.x, width, a.bias);
  y.rows = y.columns = 0;
  if (a.conv > 0)
    y = b.in_scope(name + "_conv", [&] {
      return depthwise(b, y, {.kernel = a.conv, .causal = true, .bias = false});
    });
  return split_heads(b, activate(b, a.activation, y.x), a.heads);
}

// g [B,T,H] = -A softplus(x Wa + c)
Value log_decay(Builder& b, const DeltaNet& a, Value x) {
  Random random(0, uint64_t(b.start_stream("log_a")));
  const Value log_a = weight_from(b, "log_a", ParameterKind::kDynamics, {a.heads},
                                  [&](int64_t) { return std::log(16 * (1 - random.uniform())); });
  const Value dt = b.emit(
      "add", {b.linear("a", x, a.heads, false), step_bias(b, "dt_bias", a.heads, 1e-3, 0.1)});
  return b.emit("neg", {b.emit("mul", {b.emit("softplus", {dt}), b.emit("exp", {log_a})})});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<DeltaNet>();
  const int64_t c = s.channels();
  require_heads(a.heads, c);
  const int64_t d = c / a.heads;
  require_base_width(b, d, a.heads);
  const int64_t width = std::max<int64_t>(1, std::llround(a.expand * double(d))) * a.heads;
  const Value q = l2_normalised(b, project(b, a, s, "q", c));
  const Value k = l2_normalised(b, project(b, a, s, "k", c));
  const Value v = project(b, a, s, "v", width);
  const Shape heads{s.shape()[0], s.shape()[1], a.heads};
  const Value beta =
      a.beta ? b.emit("sigmoid", {b.linear("beta", s.x, a.heads, false)}) : b.filled(heads, 1);
  const Value decay = a.gated ? log_decay(b, a, s.x) : Value{};
  const Value o = correct_by_delta(b, q, k, v, beta, decay, 1 / std::sqrt(double(d)));
  Value y = merge_heads(b, b.in_scope("norm", [&] { return normalise(b, "rms", o); }));
  if (a.gated) y = b.emit("mul", {y, b.emit("silu", {b.linear("g", s.x, width, a.bias)})});
  s.x = b.residual_linear("o", y, c, a.bias);
  return s;
}
}  // namespace

extern const Block block_delta_net = {
    .name = "delta_net",
    .family = "linear attention",
    .doc = "Linear attention whose state is corrected by the delta rule, optionally with decay",
    .formula =
        "S_t = a_t S_{t-1} + beta_t k_t (v_t - a_t S_{t-1}^T k_t)^T; y_t = norm(S_t^T q_t) Wo",
    .paper =
        "Schlag et al. 2021, arXiv 2102.11174; Yang et al. 2024, arXiv 2406.06484, 2412.06464 "
        "(gated)",
    .attrs = fields_of<DeltaNet>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"delta_net: 2", Domain::kTokens, {2, 5, 6}},
                {"delta_net: {heads: 3, gated: true, expand: 2}", Domain::kTokens, {1, 6, 6}},
                {"delta_net: {conv: 0, activation: none, beta: false, bias: true, expand: 0.5}",
                 Domain::kTokens,
                 {2, 4, 5}}}};
}  // namespace cambium::block_delta_net
