#include "ops/conv/support/conv.h"

#include "core/system/clock.h"
#include "ops/support/scratch.h"

namespace cambium {
ConvSizes conv_sizes(const ConvWindow& a, const Shape& image, const Shape& w) {
  const Shape x = plain_shape(image);
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
  ConvDescs d{.kept_x = image(z.B, z.y.extent, z.x.extent, z.C, types.x),
              .kept_y = image(z.B, z.y.out, z.x.out, z.O, types.y),
              .kept_weights = strided_md(dims, strides, types.w),
              .weights = any_md(dims, types.w),
              .bias = dense_md({z.O}),
              .strides = {z.y.stride, z.x.stride},
              .dilations = {z.y.dilation - 1, z.x.dilation - 1},
              .before = {z.y.before, z.x.before},
              .after = {z.y.after, z.x.after}};
  d.x = d.kept_x;
  d.y = d.kept_y;
  return d;
}

ConvDescs winograd_descs(const ConvSizes& z) {
  ConvDescs d = conv_descs(z);
  d.x = any_md({z.B, z.C, z.y.extent, z.x.extent});
  d.y = any_md({z.B, z.O, z.y.out, z.x.out});
  d.algorithm = dnnl::algorithm::convolution_winograd;
  return d;
}

ConvDescs blocked_descs(const ConvSizes& z) {
  ConvDescs d = conv_descs(z);
  d.x = d.kept_x = blocked_md(blocked_shape(z.input_shape()));
  d.y = d.kept_y = blocked_md(blocked_shape(z.output_shape()));
  if (suits_winograd(z)) d.algorithm = dnnl::algorithm::convolution_winograd;
  return d;
}

std::optional<ConvDescs> special_descs(const ConvSizes& z, const ValueType& image) {
  if (is_blocked(image.shape)) return blocked_descs(z);
  if (image.dtype == DType::kF32 && suits_winograd(z)) return winograd_descs(z);
  return std::nullopt;
}

bool suits_winograd(const ConvSizes& z) {
  const auto plain = [](const Window& w) {
    return w.kernel == 3 && w.stride == 1 && w.dilation == 1;
  };
  if (!plain(z.y) || !plain(z.x) || z.groups != 1 || z.C % 16 != 0 || z.O % 16 != 0) return false;
  if (std::min(z.C, z.O) < 32 || z.flops() < 5e7) return false;
  try {
    Engine e;
    conv_forward_pd(e, winograd_descs(z), false, {});
    return true;
  } catch (const dnnl::error&) {
    return false;
  }
}

dnnl::convolution_forward::primitive_desc conv_forward_pd(Engine& e, const ConvDescs& d, bool bias,
                                                          const dnnl::post_ops& post) {
  constexpr auto kProp = dnnl::prop_kind::forward_training;
  const auto attr = caller_scratch(post);
  if (bias)
    return make_pd<dnnl::convolution_forward>(e, attr, kProp, d.algorithm, d.x, d.weights, d.bias,
                                              d.y, d.strides, d.dilations, d.before, d.after);
  return make_pd<dnnl::convolution_forward>(e, attr, kProp, d.algorithm, d.x, d.weights, d.y,
                                            d.strides, d.dilations, d.before, d.after);
}

LaidOut::LaidOut(Engine& e, DnnlCall product) : engine_(e), product_(std::move(product)) {
  Scratch scratch;
  product_.scratchpad_at(scratch.add(product_.scratch_bytes()));
  scratch_bytes_ = scratch.bytes;
}

DnnlCall LaidOut::copy(const MemoryDesc& from, const MemoryDesc& to) {
  const dnnl::reorder::primitive_desc pd(engine_.cpu, from, engine_.cpu, to, caller_scratch());
  DnnlCall call(engine_, dnnl::reorder(pd), pd);
  copies_.bytes += int64_t(from.get_size() + to.get_size());
  copies_.impl += (copies_.impl.empty() ? "" : "+") + call.impl();
  Scratch scratch{scratch_bytes_};
  call.scratchpad_at(scratch.add(call.scratch_bytes()));
  scratch_bytes_ = scratch.bytes;
  return call;
}

void LaidOut::input(int argument, const MemoryDesc& kept, const MemoryDesc& wanted, int index) {
  if (kept == wanted) {
    product_.input(argument, kept, index);
    return;
  }
  DnnlCall call = copy(kept, wanted);
  Scratch scratch{scratch_bytes_};
  const int64_t at = scratch.add(int64_t(wanted.get_size()));
  scratch_bytes_ = scratch.bytes;
  call.input(DNNL_ARG_FROM, kept, index).scratch(DNNL_ARG_TO, wanted, at);
  before_.push_back(std::move(call));
  product_.scratch(argument, wanted, at);
}

void LaidOut::output(int argument, const MemoryDesc& kept, const MemoryDesc& wanted, int index) {
  if (kept == wanted) {
    product_.output(argument, kept, index);
    return;
  }
  DnnlCall call = copy(wanted, kept);
  Scratch scratch{scratch_bytes_};
  const int64_t at = scratch.add(int64_t(wanted.get_size()));
  scratch_bytes_ = scratch.bytes;
  call.scratch(DNNL_ARG_FROM, wanted, at).output(DNNL_ARG_TO, kept, index);
  after_.push_back(std::move(call));
  product_.scratch(argument, wanted, at);
}

Kernel LaidOut::kernel() {
  const std::string impl = product_.impl();
  if (before_.empty() && after_.empty()) {
    Kernel plain = dnnl_kernel(std::move(product_));
    plain.scratch_bytes = scratch_bytes_;
    return plain;
  }

  struct Calls {
    std::vector<DnnlCall> before, after;
    DnnlCall product;
  };

  const auto calls =
      std::make_shared<Calls>(Calls{std::move(before_), std::move(after_), std::move(product_)});
  const auto copies = std::make_shared<LayoutCopies>(copies_);
  const auto run_all = [copies](std::vector<DnnlCall>& all, const KernelArgs& args) {
    if (all.empty()) return;
    const Stopwatch watch;
    for (DnnlCall& call : all) call.run(args);
    copies->total_ms += watch.milliseconds();
  };
  return {.run =
              [=](const KernelArgs& args) {
                run_all(calls->before, args);
                calls->product.run(args);
                run_all(calls->after, args);
              },
          .scratch_bytes = scratch_bytes_,
          .impl = impl,
          .copies = copies};
}

Bf16Use conv_in_bf16(const ConvSizes& z) {
  // From 128 channels on, Winograd's filtering in f32 beats the plain sum in bf16, unless that runs
  // on matrix tiles.
  const bool faster_in_f32 = !has_matrix_tiles() && std::min(z.C, z.O) >= 128 && suits_winograd(z);
  if (z.groups > 1 || faster_in_f32) return {};
  return {.operands = {0, 1}};
}

std::optional<BlockedUse> conv_in_blocks(const Call& c, const ConvSizes& z,
                                         std::initializer_list<int> images, bool result) {
  if (c.dtype(0) != DType::kF32 || c.out[0].type().dtype != DType::kF32) return std::nullopt;
  if (z.groups > 1 || z.C % kBlockChannels != 0 || z.O % kBlockChannels != 0) return std::nullopt;
  return BlockedUse{present(c, images), result, c.attrs, suits_winograd(z)};
}
}  // namespace cambium
