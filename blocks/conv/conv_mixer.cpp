// conv_mixer: a depthwise convolution with a shortcut mixes places, a pointwise one mixes channels.
//   h = x + norm(act(depthwise(x)));  y = norm(act(pointwise(h)))
// On tokens that came from a grid the places are its rows and columns; `causal` makes it a
// convolution along the tokens that never looks ahead.
#include "blocks/compose/restore.h"
#include "blocks/padding.h"

namespace cambium::block_conv_mixer {
namespace {
struct ConvMixer {
  int64_t kernel = 3, dilation = 1;
  std::string activation = "gelu", norm = "batch";
  bool causal = false, shortcut = false;
  static constexpr auto fields = std::tuple{
      field("kernel", &ConvMixer::kernel, "rows and columns of the window, or tokens").in(1, 256),
      field("dilation", &ConvMixer::dilation, "distance between the window's places").in(1, 4096),
      field("activation", &ConvMixer::activation, "behind both convolutions").one_of(kActivations),
      field("norm", &ConvMixer::norm, "behind both activations").one_of(kNorms),
      field("causal", &ConvMixer::causal,
            "tokens: position t sees 0..t only; not with norm: batch, group or instance"),
      field("shortcut", &ConvMixer::shortcut, "a second shortcut, around the pointwise half")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<ConvMixer>();
  require_causal_norm(a.causal, a.norm);
  const auto finish = [&](Value x, std::string_view name) {
    const Value y = activate(b, a.activation, x, str("act", name.substr(4)));
    return a.norm == "none" ? y
                            : b.in_scope(name, [&] { return normalise_places(b, a.norm, y, s); });
  };
  const Restore inside(b.in_branch, b.in_branch || a.shortcut);
  const bool bias = true;  // the norm stands behind the activation, so the bias is not taken away
  const Stream mixed = b.in_scope("depthwise", [&] {
    return depthwise(
        b, s, {.kernel = a.kernel, .dilation = a.dilation, .causal = a.causal, .bias = bias});
  });
  const Value h = b.emit("add", {s.x, b.branch(finish(mixed.x, "norm_1"))});
  const Value y = finish(b.linear("pointwise", h, s.channels()), "norm_2");
  s.x = a.shortcut ? b.emit("add", {h, b.branch(y)}) : y;
  return s;
}
}  // namespace

extern const Block block_conv_mixer = {
    .name = "conv_mixer",
    .family = "conv",
    .doc = "Depthwise convolution over places, then a pointwise one over channels",
    .formula = "h = x + norm(act(depthwise(x))); y = norm(act(h W + b))",
    .paper = "Trockman and Kolter 2022, arXiv 2201.09792",
    .attrs = fields_of<ConvMixer>,
    .primary = "kernel",
    .accepts = {Domain::kGrid, Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {{"conv_mixer: 3", Domain::kGrid, {2, 3, 4, 3}},
                {"conv_mixer: {kernel: 2, activation: silu, norm: layer, shortcut: true}",
                 Domain::kTokens,
                 {2, 5, 3}},
                {"conv_mixer: {kernel: 3, causal: true, norm: rms}", Domain::kTokens, {2, 6, 4}},
                {"{repeat: 1, body: [{grid_to_tokens: }, {conv_mixer: {kernel: 3, norm: none}}]}",
                 Domain::kGrid,
                 {1, 3, 4, 2}}}};
}  // namespace cambium::block_conv_mixer
