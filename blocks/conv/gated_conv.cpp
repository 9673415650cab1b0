// gated_conv: a convolution whose output a second one weighs, element by element.
// [B,Y,X,C] -> [B,Y',X',width], or along tokens [B,T,C] -> [B,T,width]
//   y = act(x * Wg + bg) (x * W + b), act being the gate's (glu: sigmoid)
#include "blocks/conv/support.h"

namespace cambium::block_gated_conv {
namespace {
struct GatedConv {
  int64_t width = 0, kernel = 3, stride = 1, dilation = 1;
  std::string gate = "glu", norm = "none";
  bool causal = false, bias = true;
  static constexpr auto fields = std::tuple{
      field("width", &GatedConv::width, "channels of the output; 0: as the input").in(0, 1 << 20),
      field("kernel", &GatedConv::kernel, "rows and columns of the window, or tokens").in(1, 256),
      field("stride", &GatedConv::stride, "step of the window; 1 when causal").in(1, 64),
      field("dilation", &GatedConv::dilation, "distance between the window's places").in(1, 4096),
      field("gate", &GatedConv::gate, "of sigmoid, gelu, silu or relu")
          .one_of("glu|geglu|swiglu|reglu"),
      field("norm", &GatedConv::norm, "behind the product").one_of(kNorms),
      field("causal", &GatedConv::causal,
            "tokens: position t sees 0..t only; not with norm: batch, group or instance"),
      field("bias", &GatedConv::bias, "trainable biases in both convolutions")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<GatedConv>();
  const bool tokens = s.domain == Domain::kTokens;
  require_option("causal", !a.causal || tokens, "causal needs tokens, a grid has no order");
  require_option("stride", !a.causal || a.stride == 1, "stride = ", a.stride,
                 " and causal do not go together");
  require_causal_norm(a.causal, a.norm);
  const LineOptions conv{.width = a.width ? a.width : s.channels(),
                         .kernel = a.kernel,
                         .stride = a.stride,
                         .dilation = a.dilation,
                         .padding = a.causal ? "causal" : "same",
                         .bias = a.bias};
  const Value gate = activate(b, gate_of(a.gate), convolve_stream(b, "gate", s, conv).x);
  s = convolve_stream(b, "value", s, conv);
  const Value y = b.emit("mul", {gate, s.x});
  s.x = b.in_scope("norm", [&] { return normalise_places(b, a.norm, y, s); });
  return s;
}
}  // namespace

extern const Block block_gated_conv = {
    .name = "gated_conv",
    .family = "conv",
    .doc = "Two convolutions; the activation of one weighs the other",
    .formula = "y = norm(sigmoid(x * Wg + bg) (x * W + b))",
    .paper = "Dauphin et al. 2017, arXiv 1612.08083; Yu et al. 2019, arXiv 1806.03589 (grids)",
    .attrs = fields_of<GatedConv>,
    .primary = "width",
    .accepts = {Domain::kGrid, Domain::kTokens},
    .steps = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {{"gated_conv: 3", Domain::kGrid, {2, 3, 4, 2}},
                {"gated_conv: {width: 4, kernel: 2, stride: 2, gate: swiglu, norm: batch}",
                 Domain::kGrid,
                 {2, 5, 3, 2}},
                {"gated_conv: {kernel: 3, causal: true, gate: geglu, norm: rms}",
                 Domain::kTokens,
                 {2, 5, 3}},
                {"gated_conv: {width: 2, stride: 2, dilation: 2, gate: reglu, bias: false}",
                 Domain::kTokens,
                 {1, 7, 3}}}};
}  // namespace cambium::block_gated_conv
