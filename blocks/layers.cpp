#include "blocks/layers.h"

#include <algorithm>
#include <cmath>

#include "blocks/padding.h"
#include "blocks/steps.h"

namespace cambium {
Value activate(Builder& b, std::string_view kind, Value x, std::string_view name) {
  if (kind == "none") return x;
  if (kind == "gelu_erf") return b.emit("gelu", {x}, {{"approximate", "none"}});
  if (kind != "prelu") return b.emit(kind, {x});
  const Value slope = b.weight(str(name, ".slope"), Weight::scale(x.shape().last(), 0.25));
  return b.emit("prelu", {x, slope});
}

std::string_view gate_of(std::string_view kind) {
  if (kind == "glu") return "sigmoid";
  if (kind == "geglu") return "gelu";
  if (kind == "swiglu") return "silu";
  if (kind == "reglu") return "relu";
  return {};
}

Value layer_scale(Builder& b, Value x, double start) {
  if (start == 0) return x;
  const Value gamma = b.weight("layer_scale", Weight::scale(x.shape().last(), start));
  return b.emit("mul", {x, gamma});
}

Value drop_path(Builder& b, const Stream& s, Value x, double p) {
  if (p == 0 || !b.training) return x;
  const int64_t examples = s.domain == Domain::kGraph ? s.batch : x.shape()[0];
  require_option("drop_path", examples > 0 && x.shape().rows() % examples == 0,
                 "drop_path needs graphs of one size, got ", x.shape()[0], " nodes in ", examples,
                 " graphs");
  const Value kept = b.dropout(b.filled({examples, 1, 1}, 1), p, "drop_path");  // [B,1,1]
  const int64_t c = x.shape().last();
  const auto reshaped = [&](Value v, std::vector<int64_t> shape) {
    return b.emit("reshape", {v}, {{"shape", std::move(shape)}});
  };
  const Value rows = reshaped(x, {examples, x.shape().rows() / examples, c});
  const Shape& out = x.shape();
  return reshaped(b.emit("mul", {rows, kept}), {out.dims().begin(), out.dims().end()});
}

Value convolve(Builder& b, Value x, const ConvOptions& o) {
  const int64_t c = x.shape().last();
  require_option("width", o.width > 0, "width is missing");
  if (c % o.groups != 0)
    throw OptionError("groups", str("groups = ", o.groups, " does not divide C = ", c), {}, c);
  require_option("groups", o.width % o.groups == 0, "groups = ", o.groups,
                 " does not divide width = ", o.width);
  for (int axis = 0; axis < 2 && o.padding == "valid"; ++axis) {
    const int64_t reach = (axis ? o.kernel_x - 1 : o.kernel_y - 1) * o.dilation + 1;
    require_option("kernel", reach <= x.shape()[1 + axis], "kernel reaches over ", reach,
                   " places, the grid has ", x.shape()[1 + axis], axis ? " columns" : " rows");
  }
  const int64_t c_group = c / o.groups;
  const double fan_in = double(o.kernel_y * o.kernel_x * c_group);
  const Value w = b.weight("weight", Weight::kernel({o.kernel_y, o.kernel_x, c_group, o.width},
                                                    {Init::kNormal, std::sqrt(2 / fan_in)}));
  std::vector<Value> in = {x, w};
  if (o.bias) in.push_back(b.weight("bias", Weight::bias(o.width)));
  return b.emit("conv2d", in,
                {{"stride", o.stride},
                 {"padding", std::string(o.padding)},
                 {"dilation", o.dilation},
                 {"groups", o.groups}});
}

Stream conv_norm_act(Builder& b, Stream s, ConvOptions conv, std::string_view norm,
                     std::string_view activation) {
  const bool batch = norm == "batch";
  conv.bias = conv.bias && !batch;
  s = convolve_places(b, std::move(s), conv);
  const bool fused = batch && activation == "relu";
  if (norm != "none")
    s.x = b.in_scope("norm", [&] { return normalise_places(b, norm, s.x, s, {.relu = fused}); });
  if (!fused) s.x = activate(b, activation, s.x);
  return s;
}

Stream depthwise(Builder& b, Stream s, const DepthwiseOptions& o) {
  const Shape in = s.shape();
  const int64_t c = s.channels();
  const bool tokens = s.domain == Domain::kTokens;
  const bool line = tokens && (o.causal || s.rows == 0);  // a line of tokens, not a grid of them
  require_option("causal", !o.causal || tokens, "causal needs tokens, a grid has no order");
  require_option("stride", !tokens || o.stride == 1, "stride = ", o.stride,
                 " needs a grid, got tokens");
  if (!o.causal) s = with_padding_zeroed(b, std::move(s));
  const Windows w{o.kernel, line ? 1 : o.kernel, o.stride, o.dilation};
  const PaddedGrid grid = whole_strides(b, as_grid(b, s, line), w);
  Value x = grid.x;
  require_looks_back(b, o.causal);
  if (o.causal) x = with_past(b, x, (o.kernel - 1) * o.dilation);
  x = convolve(b, x,
               {.width = c,
                .kernel_y = w.kernel_y,
                .kernel_x = w.kernel_x,
                .stride = o.stride,
                .dilation = o.dilation,
                .groups = c,
                .padding = o.causal ? "valid" : "same",
                .bias = o.bias});  // [B,Y',X',C]
  if (tokens) x = b.emit("reshape", {x}, {{"shape", std::vector<int64_t>{in[0], in[1], c}}});
  s.x = x;
  if (grid.mask && o.stride > 1) s.mask = flat_mask(b, mask_of_windows(b, grid.mask, w));
  return s;
}

Value reshaped(Builder& b, Value x, std::vector<int64_t> shape) {
  return b.emit("reshape", {x}, {{"shape", std::move(shape)}});
}
}  // namespace cambium
