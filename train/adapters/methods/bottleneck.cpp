// Bottleneck: x + act(x D + d) U + u behind a block, with D [C,width] and U [width,C]; U and u are
// zero at first. Behind attention and behind ffn it is that of Houlsby et al., behind ffn alone
// that of Pfeiffer et al.
#include <cmath>

#include "train/adapters/method.h"

namespace cambium::adapter_bottleneck {
namespace {
struct Bottleneck {
  std::vector<std::string> on;
  int64_t width = 16;
  std::string activation = "gelu";
  static constexpr auto fields = std::tuple{
      field("on", &Bottleneck::on,
            "paths of blocks, whole: \"*.ffn\" and not \"repeat\" for what is in it"),
      field("width", &Bottleneck::width, "channels between the two layers").in(1, 1 << 16),
      field("activation", &Bottleneck::activation, "between them").one_of("gelu|relu|silu|tanh")};
};

Value behind(const Attrs& attrs, AdapterSite& site, Value x) {
  Graph& g = site.graph;
  const auto& a = attrs.as<Bottleneck>();
  const int64_t c = x.shape().last();
  const Init drawn{Init::kUniform, 1 / std::sqrt(double(std::max<int64_t>(1, c)))};
  const auto matrix = [&](std::string_view name, int64_t in, int64_t out, Init init) {
    return site.parameter(
        name, Shape{in, out},
        {.init = init, .kind = ParameterKind::kMatrix, .fan_in = {0}, .fan_out = {1}});
  };
  const auto bias = [&](std::string_view name, int64_t width, Init init) {
    return site.parameter(name, Shape{width},
                          {.init = init, .decay = false, .kind = ParameterKind::kBias});
  };
  const Value down = g.emit("linear", {x, matrix("bottleneck.down.weight", c, a.width, drawn),
                                       bias("bottleneck.down.bias", a.width, drawn)});
  const Value up = g.emit(
      "linear", {g.emit(a.activation, {down}), matrix("bottleneck.up.weight", a.width, c, {}),
                 bias("bottleneck.up.bias", c, {})});
  return g.emit("add", {x, up});
}
}  // namespace

extern const AdapterMethod adapter_bottleneck;
const AdapterMethod adapter_bottleneck = {
    .name = "bottleneck",
    .doc = "adds two small layers with an activation behind a block",
    .paper = "Houlsby et al. 2019, arXiv 1902.00751; Pfeiffer et al. 2020, arXiv 2005.00247",
    .place = AdapterPlace::kBlock,
    .attrs = fields_of<Bottleneck>,
    .behind = behind};
}  // namespace cambium::adapter_bottleneck
