// dilated_stack: WaveNet's residual layers, whose reach grows exponentially with their number.
// [B,T,C] -> [B,T,width]
//   z_i = tanh(x_i * F_i) sigmoid(x_i * G_i), dilation growth^(i mod cycle)
//   x_(i+1) = x_i + z_i R_i + r_i;  y = sum_i z_i S_i + s
// The last layer has no R: nothing would hear it. Token t hears (kernel - 1) sum of dilations
// tokens before it.
#include "blocks/conv/support.h"

namespace cambium::block_dilated_stack {
namespace {
struct DilatedStack {
  int64_t layers = 6, kernel = 2, growth = 2, cycle = 0, hidden = 0, width = 0;
  bool causal = true;
  double dropout = 0;
  static constexpr auto fields = std::tuple{
      field("layers", &DilatedStack::layers, "how many").in(1, 64),
      field("kernel", &DilatedStack::kernel, "tokens of a window").in(1, 64),
      field("growth", &DilatedStack::growth, "of the dilation from layer to layer").in(1, 16),
      field("cycle", &DilatedStack::cycle, "dilations begin again after so many layers; 0: never")
          .in(0, 64),
      field("hidden", &DilatedStack::hidden, "channels of the gated units; 0: C").in(0, 1 << 20),
      field("width", &DilatedStack::width, "channels of the skip sum; 0: C").in(0, 1 << 20),
      field("causal", &DilatedStack::causal, "position t sees 0..t only, else both sides"),
      field("dropout", &DilatedStack::dropout, "of the gated units").in(0, 0.99)};
};

constexpr int64_t kMostDilation = 1 << 20;

// The dilation of layer i. UserError when it is beyond any sequence.
int64_t dilation_of(const DilatedStack& a, int64_t i) {
  int64_t d = 1;
  for (int64_t k = a.cycle ? i % a.cycle : i; k > 0; --k) {
    d *= a.growth;
    if (d > kMostDilation)
      throw OptionError("layers",
                        str("layers = ", a.layers, " makes dilations beyond ", kMostDilation),
                        str("use cycle: 10 to begin again at 1"));
  }
  return d;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<DilatedStack>();
  const int64_t c = s.channels(), hidden = a.hidden ? a.hidden : c;
  Value x = s.x, skip;
  for (int64_t i = 0; i < a.layers; ++i)
    b.in_scope(str("layer_", i), [&] {
      const LineOptions conv{.width = hidden,
                             .kernel = a.kernel,
                             .dilation = dilation_of(a, i),
                             .padding = a.causal ? "causal" : "same"};
      s.x = x;
      const auto convolved = [&](std::string_view name) {
        return convolve_stream(b, name, s, conv).x;
      };
      const Value gate = activate(b, "sigmoid", convolved("gate"));
      const Value z =
          b.dropout(b.emit("mul", {activate(b, "tanh", convolved("filter")), gate}), a.dropout);
      const bool last = i + 1 == a.layers;
      const Value heard = b.linear("skip", z, a.width ? a.width : c, last);  // one bias is enough
      skip = skip ? b.emit("add", {skip, heard}) : heard;
      if (!last) x = b.emit("add", {x, b.residual_linear("residual", z, c)});
    });
  s.x = skip;
  return s;
}
}  // namespace

extern const Block block_dilated_stack = {
    .name = "dilated_stack",
    .family = "conv",
    .doc =
        "WaveNet: gated convolutions of growing dilation around a shortcut; their skips are summed",
    .formula =
        "z_i = tanh(x_i * F_i) sigmoid(x_i * G_i); x_(i+1) = x_i + z_i R_i; y = sum_i z_i S_i",
    .paper = "Oord et al. 2016, arXiv 1609.03499, section 2.3 and 2.4",
    .attrs = fields_of<DilatedStack>,
    .primary = "layers",
    .accepts = {Domain::kTokens},
    .steps = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {
        {"dilated_stack: 3", Domain::kTokens, {2, 5, 2}},
        {"dilated_stack: {layers: 4, kernel: 3, cycle: 2, hidden: 3, width: 5, dropout: 0.2}",
         Domain::kTokens,
         {1, 6, 2}},
        {"dilated_stack: {layers: 2, growth: 3, causal: false}", Domain::kTokens, {1, 7, 3}}}};
}  // namespace cambium::block_dilated_stack
