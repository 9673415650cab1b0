// min_gru: a gated recurrence whose gate and candidate look at the token alone.
// [B,T,C] -> [B,T,C]
//   z = sigmoid(x Wz + bz), c = x Wc + bc;  h_t = (1 - z_t) h_{t-1} + z_t
//   g(c_t);  y = h Wo
// g is the identity (the paper's section 3.1), or `positive`: c + 1/2 above 0,
// sigmoid(c) below (its form in logarithms). I = expand C inner channels;
// without `project` the output is h itself.
#include <cmath>

#include "blocks/layers.h"
#include "blocks/steps.h"

namespace cambium::block_min_gru {
namespace {
struct MinGru {
  double expand = 1;
  std::string candidate = "identity";
  bool bias = true, project = true;
  static constexpr auto fields =
      std::tuple{field("expand", &MinGru::expand, "inner width / C").in(0.01, 64),
                 field("candidate", &MinGru::candidate, "g: what the candidate passes through")
                     .one_of("identity|positive|tanh"),
                 field("bias", &MinGru::bias, "biases in all layers"),
                 field("project", &MinGru::project, "a linear layer behind the recurrence")};
};

// c + 1/2 where c >= 0, else sigmoid(c) = relu(c) + sigmoid(min(c, 0)), with
// min(c, 0) = c - relu(c).
Value positive(Builder& b, Value c) {
  const Value above = b.emit("relu", {c});
  return b.emit("add", {above, b.emit("sigmoid", {b.emit("sub", {c, above})})});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<MinGru>();
  const int64_t c = s.channels();
  const auto inner = std::max<int64_t>(1, std::llround(a.expand * double(c)));
  if (!a.project && inner != c)
    throw OptionError("project",
                      str("project = false leaves ", inner, " channels, C = ", c, " came in"),
                      "use expand: 1 or project: true", c);
  const Value gate = b.linear("gate", s.x, inner, a.bias);  // [B,T,I]
  const Value keep = b.emit("sigmoid", {b.emit("neg", {gate})}), take = b.emit("sigmoid", {gate});
  Value candidate = b.linear("candidate", s.x, inner, a.bias);
  if (a.candidate == "positive") candidate = positive(b, candidate);
  if (a.candidate == "tanh") candidate = b.emit("tanh", {candidate});
  s.x = scan_linearly(b, keep, b.emit("mul", {take, candidate}));
  if (a.project) s.x = b.residual_linear("o", s.x, c, a.bias);
  return s;
}
}  // namespace

extern const Block block_min_gru = {
    .name = "min_gru",
    .family = "recurrence",
    .doc =
        "A gated recurrence without a loop through weights, so all steps "
        "share their products",
    .formula = "h_t = (1 - z_t) h_{t-1} + z_t g(x_t Wc); y_t = h_t Wo",
    .paper = "Feng et al. 2024, arXiv 2410.01201",
    .attrs = fields_of<MinGru>,
    .primary = "expand",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"min_gru: 2", Domain::kTokens, {2, 5, 3}},
                {"min_gru: {candidate: positive, bias: false}", Domain::kTokens, {1, 7, 4}},
                {"min_gru: {candidate: tanh, project: false}", Domain::kTokens, {2, 3, 5}}}};
}  // namespace cambium::block_min_gru
