#include "ops/support/conv.h"

namespace cambium {
ConvSizes conv_sizes(const ConvWindow& a, const Shape& x, const Shape& w) {
  require(x.rank() == 4, "x must be [B,Y,X,C], got ", x);
  require(w.rank() == 4 && w.count() > 0, "w must be [KY,KX,C/groups,O], got ", w);
  const int64_t C = x[3], O = w[3];
  require(C > 0 && C % a.groups == 0, "groups = ", a.groups, " does not divide C = ", C);
  require(O % a.groups == 0, "groups = ", a.groups, " does not divide O = ", O);
  require(w[2] * a.groups == C, "w takes ", w[2], " channels a group and x brings ", C / a.groups);
  return {.B = x[0],
          .C = C,
          .O = O,
          .groups = a.groups,
          .y = place_window(x[1], w[0], a.stride, a.dilation, a.padding, a.pad),
          .x = place_window(x[2], w[1], a.stride, a.dilation, a.padding, a.pad)};
}

Args window_args(const ConvWindow& a) {
  return {{"stride", a.stride},
          {"padding", a.padding},
          {"pad", a.pad},
          {"dilation", a.dilation},
          {"groups", a.groups}};
}

void for_each_product(const ConvSizes& z, const std::function<void(int64_t, int64_t, int64_t)>& f) {
  const int64_t inputs = z.inputs(), outputs = z.outputs();
  const Shape out = z.output_shape();
  for (int64_t i = 0; i < out.count(); ++i) {
    const int64_t o = i % z.O, ox = i / z.O % z.x.out, oy = i / z.O / z.x.out % z.y.out;
    const int64_t b = i / z.O / z.x.out / z.y.out;
    for (int64_t ky = 0; ky < z.y.kernel; ++ky)
      for (int64_t kx = 0; kx < z.x.kernel; ++kx) {
        const int64_t y = z.y.at(oy, ky), x = z.x.at(ox, kx);
        if (!z.y.inside(y) || !z.x.inside(x)) continue;
        for (int64_t c = 0; c < inputs; ++c)
          f(((b * z.y.extent + y) * z.x.extent + x) * z.C + o / outputs * inputs + c,
            ((ky * z.x.kernel + kx) * inputs + c) * z.O + o, i);
      }
  }
}

ConvDescs conv_descs(const ConvSizes& z, const ConvTypes& types) {
  const auto image = [](int64_t b, const int64_t y, int64_t x, int64_t c, DType type) {
    return strided_md({b, c, y, x}, {y * x * c, 1, x * c, c}, type);
  };
  const int64_t in = z.inputs(), row = in * z.O;
  dnnl::memory::dims dims = {z.outputs(), in, z.y.kernel, z.x.kernel};
  dnnl::memory::dims strides = {1, z.O, z.x.kernel * row, row};
  if (z.groups > 1) {
    dims.insert(dims.begin(), z.groups);
    strides.insert(strides.begin(), z.outputs());
  }
  return {.x = image(z.B, z.y.extent, z.x.extent, z.C, types.x),
          .y = image(z.B, z.y.out, z.x.out, z.O, types.y),
          .kept_weights = strided_md(dims, strides, types.w),
          .any_weights = any_md(dims, types.w),
          .bias = dense_md({z.O}),
          .strides = {z.y.stride, z.x.stride},
          .dilations = {z.y.dilation - 1, z.x.dilation - 1},
          .before = {z.y.before, z.x.before},
          .after = {z.y.after, z.x.after}};
}

dnnl::convolution_forward::primitive_desc conv_forward_pd(Engine& e, const ConvDescs& d, bool bias,
                                                          const dnnl::post_ops& post) {
  constexpr auto kProp = dnnl::prop_kind::forward_training;
  constexpr auto kDirect = dnnl::algorithm::convolution_direct;
  const auto attr = caller_scratch(post);
  if (bias)
    return make_pd<dnnl::convolution_forward>(e, attr, kProp, kDirect, d.x, d.any_weights, d.bias,
                                              d.y, d.strides, d.dilations, d.before, d.after);
  return make_pd<dnnl::convolution_forward>(e, attr, kProp, kDirect, d.x, d.any_weights, d.y,
                                            d.strides, d.dilations, d.before, d.after);
}

dnnl::reorder::primitive_desc reorder_pd(Engine& e, const MemoryDesc& from, const MemoryDesc& to) {
  return {e.cpu, from, e.cpu, to, caller_scratch()};
}

Kernel dnnl_kernels(std::vector<DnnlCall> calls, int64_t scratch_bytes) {
  std::string impl;
  for (const DnnlCall& c : calls) impl = impl.empty() ? c.impl() : impl + "+" + c.impl();
  const auto shared = std::make_shared<std::vector<DnnlCall>>(std::move(calls));
  return {.run =
              [shared](const KernelArgs& args) {
                for (DnnlCall& call : *shared) call.run(args);
              },
          .scratch_bytes = scratch_bytes,
          .impl = impl};
}
}  // namespace cambium
