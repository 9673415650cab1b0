// What the convolution blocks share: convolutions along tokens, and squeeze and excitation.
#pragma once
#include <algorithm>

#include "blocks/padding.h"
#include "blocks/steps.h"

namespace cambium {
struct LineOptions {
  int64_t width = 0, kernel = 3, stride = 1, dilation = 1, groups = 1;
  std::string_view padding = "same";  // or valid, or causal: the output at t sees t and before
  bool bias = true;
};

// A convolution along tokens: [B,T,C] -> [B,T',width]; parameters "weight" [kernel,1,C/groups,
// width] and "bias" under the current scope. Tokens that are not those of a grid any more forget
// its rows and columns.
inline Stream convolve_line(Builder& b, Stream s, const LineOptions& o) {
  const Shape in = s.shape();
  const bool causal = o.padding == "causal";
  const int64_t reach = (o.kernel - 1) * o.dilation;
  if (o.padding == "valid" && reach >= in[1])
    throw OptionError("kernel",
                      str("kernel = ", o.kernel, " with dilation = ", o.dilation, " reaches over ",
                          reach + 1, " tokens, there are ", in[1]),
                      "use a smaller kernel or dilation, or padding: same");
  if (!causal && o.kernel > 1) s = with_padding_zeroed(b, std::move(s));
  // The mask of causal windows: each stands at its last token.
  const Windows w{o.kernel, 1, o.stride, o.dilation, causal ? "same" : o.padding};
  PaddedGrid g = as_grid(b, s, true);
  require_looks_back(b, causal && o.stride == 1);
  if (causal)
    g.x = with_past(b, g.x, reach);
  else
    g = whole_strides(b, g, w);
  const Value y = convolve(b, g.x,
                           {.width = o.width,
                            .kernel_y = o.kernel,
                            .kernel_x = 1,
                            .stride = o.stride,
                            .dilation = o.dilation,
                            .groups = o.groups,
                            .padding = causal ? "valid" : o.padding,
                            .bias = o.bias});
  const int64_t tokens = y.shape()[1];
  s.x = b.emit("reshape", {y}, {{"shape", std::vector<int64_t>{in[0], tokens, o.width}}});
  if (tokens == in[1]) return s;
  s.rows = s.columns = 0;
  if (g.mask) s.mask = flat_mask(b, mask_of_windows(b, g.mask, w));
  return s;
}

// A convolution of a grid, or along tokens, with an own scope for its parameters.
inline Stream convolve_stream(Builder& b, std::string_view name, const Stream& s,
                              const LineOptions& o) {
  return b.in_scope(name, [&] {
    if (s.domain == Domain::kTokens) return convolve_line(b, s, o);
    return convolve_places(b, s,
                           {.width = o.width,
                            .kernel_y = o.kernel,
                            .kernel_x = o.kernel,
                            .stride = o.stride,
                            .dilation = o.dilation,
                            .groups = o.groups,
                            .padding = o.padding,
                            .bias = o.bias});
  });
}

// v, or its nearest multiple of 8 that is at least 8 and not below 0.9 v: the widths of MobileNet.
inline int64_t to_multiple_of_8(double v) {
  const int64_t rounded = std::max<int64_t>(8, int64_t(v + 4) / 8 * 8);
  return double(rounded) < 0.9 * v ? rounded + 8 : rounded;
}

// y = x gate(act(mean(x) W1 + b1) W2 + b2) of a grid or tokens, the mean over an example's places,
// real ones alone. Hu et al. 2018, arXiv 1709.01507.
inline Value squeeze_and_excite(Builder& b, const Stream& stream, int64_t hidden,
                                std::string_view activation, std::string_view gate) {
  const Value x = stream.x, mask = padding_mask(stream);
  const Shape s = x.shape();
  require(s.rank() > 2 && s.count_between(1, s.rank() - 1) > 0, "there is nothing to squeeze in ",
          s);
  std::vector<int64_t> places;
  for (int axis = 1; axis + 1 < s.rank(); ++axis) places.push_back(axis);
  Value mean;  // [B,1,C] or [B,1,1,C]
  if (mask) {
    const auto reshaped = [&](Value v, std::vector<int64_t> shape) {
      return b.emit("reshape", {v}, {{"shape", std::move(shape)}});
    };
    const Value rows = reshaped(x, {s[0], mask.shape()[1], s.last()});
    std::vector<int64_t> one(size_t(s.rank()), 1);
    one.front() = s[0];
    one.back() = s.last();
    mean = reshaped(pool_unpadded(b, "mean", rows, mask), one);
  } else {
    mean = b.emit("reduce_mean", {x}, {{"axes", places}, {"keep", true}});
  }
  const Value inner = activate(b, activation, b.linear("squeeze", mean, hidden));
  return b.emit("mul", {x, activate(b, gate, b.linear("excite", inner, s.last()))});
}
}  // namespace cambium
