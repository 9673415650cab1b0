// moe: a mixture of experts in place of a feed-forward layer. [...,C] -> [...,C]
//   p = softmax(x Wr);  y = sum over the top_k experts e of p_e ffn_e(x)
// Tokens are sorted by expert, so the work grows with top_k and not with the number of experts. In
// training the loss gets  balance * E * sum_e f_e P_e,  f_e the share of the choices that fall on e
// and P_e its mean probability over the tokens of the update, smallest (= balance) when all are
// used alike. With a capacity an expert takes only the first ceil(capacity * choices / experts)
// that fall on it, in the order of the tokens, and the others get nothing from it; in training
// only, so that a trained model's answer for a token does not depend on its neighbours in the
// batch. Padding goes to no expert and gets 0: it takes no capacity and does not count in the
// balance.
#include <cmath>

#include "blocks/auxiliary.h"
#include "blocks/layers.h"
#include "blocks/padding.h"

namespace cambium::block_moe {
namespace {
struct Moe {
  int64_t experts = 8, top_k = 2, width = 0;
  double expand = 4, capacity = 0, balance = 0.01, dropout = 0;
  std::string activation = "gelu", weights = "all";
  bool bias = true;
  static constexpr auto fields = std::tuple{
      field("experts", &Moe::experts, "feed-forward layers to choose from").in(1, 4096),
      field("top_k", &Moe::top_k, "experts that work on a token").in(1, 64),
      field("expand", &Moe::expand, "inner width of an expert / C, rounded").in(0.01, 64),
      field("width", &Moe::width, "inner width of an expert; 0: expand * C").in(0),
      field("activation", &Moe::activation,
            "glu, geglu, swiglu and reglu are gated and have a third matrix; prelu's slopes are "
            "the same for all experts")
          .one_of(kGatedActivations),
      field("weights", &Moe::weights,
            "all: a result counts with its expert's softmax over all experts (Switch); chosen: "
            "with the softmax over the chosen ones (Mixtral)")
          .one_of("all|chosen"),
      field("capacity", &Moe::capacity,
            "in training an expert takes at most capacity * its even share of the choices, the "
            "rest is dropped; 0: it takes all")
          .in(0, 1000),
      field("balance", &Moe::balance, "factor of the load-balance loss").in(0, 100),
      field("dropout", &Moe::dropout, "drop inner elements in training").in(0, 0.99),
      field("bias", &Moe::bias, "biases in the experts' layers")};
};

// Rows, and how many of them each expert has.
struct Rows {
  Value x, counts;
};

// The experts' layers "<name>.weight" [E,C,width] and "<name>.bias" [E,width]; they start as a
// linear layer does, or as one that ends a residual branch.
Value experts_linear(Builder& b, const Moe& a, std::string_view name, const Rows& rows,
                     int64_t width, bool residual) {
  const int64_t c = rows.x.shape().last();
  const double wanted = residual && b.weight_start.residual_std > 0 ? b.weight_start.residual_std
                                                                    : b.weight_start.std;
  const Init uniform{Init::kUniform, 1 / std::sqrt(double(c))};
  return b.in_scope(name, [&] {
    const Init start = wanted > 0 ? Init{Init::kNormal, wanted} : uniform;
    const Weight matrices{ParameterKind::kMatrix, {a.experts, c, width}, start, {1}, {2}};
    std::vector<Value> in = {rows.x, b.weight("weight", matrices), rows.counts};
    if (a.bias)
      in.push_back(b.weight(
          "bias", {ParameterKind::kBias, {a.experts, width}, wanted > 0 ? Init{} : uniform}));
    return b.emit("grouped_linear", in);
  });
}

// The experts' answers to their rows.
Value ask_experts(Builder& b, const Moe& a, const Rows& rows) {
  const int64_t c = rows.x.shape().last();
  const int64_t inner =
      a.width ? a.width : std::max<int64_t>(1, std::llround(a.expand * double(c)));
  const std::string_view gated_by = gate_of(a.activation);
  Value h = experts_linear(b, a, "up", rows, inner, false);
  if (gated_by.empty()) {
    h = activate(b, a.activation, h);
  } else {
    const Value gate = experts_linear(b, a, "gate", rows, inner, false);
    h = b.emit("mul", {activate(b, gated_by, gate), h});
  }
  return experts_linear(b, a, "down", {b.dropout(h, a.dropout), rows.counts}, c, true);
}

// Of probabilities p [N,E] over the tokens; `mask` [N,1] may be none.
Value mean_probability(Builder& b, Value p, Value mask) {
  const Args over_tokens = {{"axes", std::vector<int64_t>{0}}};
  if (!mask) return b.emit("reduce_mean", {p}, over_tokens);
  const Value sum = b.emit("reduce_sum", {b.emit("mul", {p, mask})}, over_tokens);
  const Value tokens = b.emit("reduce_sum", {mask}, over_tokens);  // [1]
  return b.emit("div", {sum, b.emit("maximum", {tokens, b.graph.scalar(1)})});
}

// Of probabilities p [N,E] and the choices' shares [E]; `mask` [N,1] may be none.
void balance_load(Builder& b, const Moe& a, Value p, Value mask, Value share) {
  const Value mean = mean_probability(b, p, mask);
  const Value sum = b.emit("reduce_sum", {b.emit("mul", {mean, share})});
  const Value tokens = mask ? b.emit("reduce_sum", {mask}) : b.graph.scalar(double(p.shape()[0]));
  add_auxiliary_loss(b, b.emit("scale", {sum}, {{"a", a.balance * double(a.experts)}}), share,
                     tokens);
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Moe>();
  if (a.top_k > a.experts)
    throw OptionError("top_k", str("top_k = ", a.top_k, " of ", a.experts, " experts"),
                      str("use top_k: ", a.experts, " or fewer"));
  if (a.weights == "chosen" && a.top_k == 1)
    throw OptionError("weights",
                      "weights = chosen gives a single expert the weight 1, and the router nothing "
                      "to learn from",
                      "use top_k: 2 or more, or weights: all");
  const Shape shape = s.shape();
  const std::vector<int64_t> extents(shape.dims().begin(), shape.dims().end());
  const int64_t n = shape.rows(), c = shape.last();
  const Value x = b.emit("reshape", {s.x}, {{"shape", std::vector<int64_t>{n, c}}});
  const Value p = b.emit("softmax", {b.linear("router", x, a.experts, false)});
  Value mask = padding_mask(s);
  if (mask) mask = b.emit("reshape", {mask}, {{"shape", std::vector<int64_t>{n, 1}}});
  std::vector<Value> routed = {p};
  if (mask) routed.push_back(b.emit("reshape", {mask}, {{"shape", std::vector<int64_t>{n}}}));
  Value weight =
      b.emit("route", routed, {{"top_k", a.top_k}, {"capacity", b.training ? a.capacity : 0.0}});
  const Value slot = weight.nth(2), token = weight.nth(3), counts = weight.nth(4);
  if (b.training && a.balance > 0) balance_load(b, a, p, mask, weight.nth(5));
  if (a.weights == "chosen")
    weight = b.emit("div", {weight, b.emit("reduce_sum", {weight},
                                           {{"axes", std::vector<int64_t>{1}}, {"keep", true}})});
  const Value answers = ask_experts(b, a, {b.emit("embed", {x, token}), counts});
  const Value y = b.emit("weighted_rows", {answers, weight, slot});
  s.x = b.emit("reshape", {y}, {{"shape", extents}});
  return s;
}
}  // namespace

extern const Block block_moe = {
    .name = "moe",
    .family = "transformer",
    .doc = "A mixture of experts: each token goes to a few of many feed-forward layers",
    .formula = "y = sum over the top_k experts e of softmax(x Wr)_e ffn_e(x)",
    .paper =
        "Shazeer et al. 2017, arXiv 1701.06538; Fedus et al. 2021, arXiv 2101.03961 (balance, "
        "capacity); Jiang et al. 2024, arXiv 2401.04088 (weights: chosen)",
    .attrs = fields_of<Moe>,
    .primary = "experts",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {
        {"moe: {experts: 4, expand: 2}", Domain::kTokens, {2, 5, 4}},
        {"moe: {experts: 3, top_k: 2, width: 5, activation: swiglu, weights: chosen, bias: false}",
         Domain::kTokens,
         {1, 4, 3}},
        {"moe: {experts: 2, top_k: 1, capacity: 1, activation: relu, balance: 0}",
         Domain::kGrid,
         {1, 3, 3, 2}},
        {"moe: {experts: 5, top_k: 3, capacity: 0.8, width: 3, activation: prelu}",
         Domain::kGraph,
         {7, 4}},
        {"moe: {experts: 1, top_k: 1, width: 3, dropout: 0.2}", Domain::kVector, {3, 2}}}};
}  // namespace cambium::block_moe
