// cross_attention: queries from the stream, keys and values from a tapped one. [B,T,C] with context
// [B,S,C'] -> [B,T,C]
//   q = x Wq;  k, v = c Wk, c Wv;  o = softmax(q k^T / sqrt(D)) v;  y = o Wo
// Nobody looks at the context's padding. With causal the context has the stream's own places, as
// when it was tapped from it, and is remembered token by token at generation.
#include "blocks/transformer/attend.h"

namespace cambium::block_cross_attention {
namespace {
constexpr std::string_view kEncoder = "encoder";

struct CrossAttention : Heads {
  std::string context = "";
  bool causal = false;
  static constexpr auto fields = std::tuple_cat(
      Heads::fields,
      std::tuple{field("causal", &CrossAttention::causal,
                       "position t sees 0..t of the context only, which has as many tokens"),
                 field("context", &CrossAttention::context,
                       "the tap (`as:` or `tap:`) whose tokens are looked at; in a decoder "
                       "empty is the encoder. Positions count from the start of either sequence")});
};

// Takes the builder out of the generation of one token: keys and values of the whole context are
// made as in training.
class WholeSequence {
 public:
  explicit WholeSequence(Builder& b) : b_(b), step_(std::exchange(b.step, std::nullopt)) {}

  ~WholeSequence() { b_.step = step_; }

  WholeSequence(const WholeSequence&) = delete;
  WholeSequence& operator=(const WholeSequence&) = delete;

 private:
  Builder& b_;
  std::optional<Builder::Step> step_;
};

// A key or value of the whole context: made by `project`, but when a decoder writes one token at a
// time only for the first of them, and kept in the state "<name>_kept".
template <class F>
Value kept(Builder& b, std::string_view name, const Shape& shape, const F& project) {
  if (!b.step) return project();
  const Value state = b.state(str(name, "_kept"), {DType::kF32, shape}, {});
  if (b.step->encoder == Builder::Step::Encoder::kKept) return state;
  const WholeSequence whole(b);
  const Value now = project();
  b.update_state(state, now);
  return now;
}

void check_step(const Builder& b, const CrossAttention& a, std::string_view context) {
  const bool own = b.step->encoder == Builder::Step::Encoder::kNone || context != kEncoder;
  if (a.causal && own) return;
  require(!a.causal, "causal attention to an encoder does not work one token at a time");
  require(b.step->encoder != Builder::Step::Encoder::kNone && context == kEncoder,
          "only attention to an encoder works one token at a time");
  require(a.position != "alibi" && a.position != "t5" && a.window == 0,
          "places relative to those of the encoder need the whole sequence");
}

// [B,T,H,E], of queries and keys of width d and values of width e.
Value look(Builder& b, const CrossAttention& a, const Stream& s, const Stream& c, int64_t d,
           int64_t e) {
  const Value q = project_heads(b, a, "q", s, a.heads, d);  // [B,T,H,D]
  const auto of_context = [&](std::string_view name, int64_t width, bool places) {
    const auto project = [&] { return project_heads(b, a, name, c, a.groups(), width, places); };
    const Shape& from = c.shape();
    return a.causal ? project() : kept(b, name, {from[0], from[1], a.groups(), width}, project);
  };
  const Value k = of_context("k", d, true), v = of_context("v", e, false);
  if (b.step && a.causal) return attend_step(b, a, true, q, k, v);
  const WholeSequence whole(b);
  return attend(b, a, a.causal, q, k, v, real_keys(b, c));
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  auto a = use.attrs.as<CrossAttention>();
  if (a.context.empty() && !b.has_tap(std::string(kEncoder)))
    throw OptionError("context", "context is missing: name the tap to look at",
                      "in the decoder of a spec with encoder: and decoder: it is the encoder");
  const std::string context = a.context.empty() ? std::string(kEncoder) : a.context;
  const Stream c = b.tap(context, use.mark_of("context"));
  check_heads(a, s.channels());
  if (c.domain != Domain::kTokens)
    throw UserError(str("the context '", context, "' is a ", name_of(c.domain), ", not tokens"),
                    "tap it after grid_to_tokens or graph_to_tokens");
  if (a.position == "relative_2d" || a.position == "xl")
    throw OptionError("position",
                      str("position = ", a.position, " needs queries and keys of one stream"),
                      "use position: rope or t5, or attention");
  if (a.dilation > 1)
    throw OptionError("dilation", "dilation needs queries and keys of one sequence");
  if (a.causal && c.shape()[1] != s.shape()[1])
    throw OptionError("causal",
                      str("causal = true needs a context with the places of the stream, '", context,
                          "' has ", c.shape()[1], " tokens, the stream ", s.shape()[1]),
                      "tap a stream of as many tokens, or leave causal out");
  if (b.step) check_step(b, a, context);
  const int64_t d = a.width(s.channels()), e = a.value_width(s.channels());
  a.scale = b.score_scale(a.scale, d);
  s.x = join_heads(b, a, s.x, look(b, a, s, c, d, e));
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
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {{"[{tap: source}, {linear: 6}, {cross_attention: {context: source, heads: 2}}]",
                 Domain::kTokens,
                 {2, 5, 4}},
                {"[{tap: source}, {cross_attention: {context: source, qk_norm: true}}]",
                 Domain::kTokens,
                 {1, 3, 3}},
                {"[{tap: source}, {linear: 6}, {cross_attention: {context: source, heads: 2, "
                 "causal: true, window: 3, position: alibi}}]",
                 Domain::kTokens,
                 {2, 5, 4}},
                {"[{tap: source}, {cross_attention: {context: source, heads: 2, head_dim: 4, "
                 "value_dim: 1, position: rope, rotary_dim: 2}}]",
                 Domain::kTokens,
                 {2, 3, 3}}}};
}  // namespace cambium::block_cross_attention
