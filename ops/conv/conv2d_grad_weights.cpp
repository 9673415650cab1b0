// conv2d_grad_weights(x [B,Y,X,C], dy [B,Y',X',O]; conv2d's window, kernel = [KY, KX], bias) -> dw
// [KY,KX,C/groups,O] and, with bias, db [O]: dw = sum of x dy over the products of conv2d that read
// w, db = sum of dy. Depthwise kernels beyond 3 x 3 use our own kernel.
#include <cstring>

#include "ops/conv/support/conv.h"
#include "ops/conv/support/conv_taps.h"
#include "ops/support/bf16.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_conv2d_grad_weights {
namespace {
ConvSizes sizes(const Call& c) {
  const auto& a = c.as<ConvGradWeights>();
  require(is_blocked(c.shape(0)) == is_blocked(c.shape(1)), "x is ", c.shape(0), " and dy ",
          c.shape(1), ": both or neither lie in blocks");
  const Shape x = plain_shape(c.shape(0)), dy = plain_shape(c.shape(1));
  require(a.kernel.size() == 2, "kernel must be [KY, KX], got ", a.kernel.size(), " numbers");
  require(x.rank() == 4 && dy.rank() == 4, "x and dy must have rank 4, got ", x, " and ", dy);
  require(x[3] % a.groups == 0, "groups = ", a.groups, " does not divide C = ", x[3]);
  return conv_sizes(a, x, Shape{a.kernel[0], a.kernel[1], x[3] / a.groups, dy[3]});
}

std::vector<ValueType> shape(const Call& c) {
  require_product(c, 0, 1);
  const ConvSizes z = sizes(c);
  require(plain_shape(c.shape(1)) == z.output_shape(), "dy is ", c.shape(1),
          ", the convolution makes ", z.output_shape());
  std::vector<ValueType> types = {{DType::kF32, z.weights_shape()}};
  if (c.as<ConvGradWeights>().bias) types.push_back({DType::kF32, Shape{z.O}});
  return types;
}

void plain_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const ConvSizes z = sizes(c);
  for_each_product(z, [&](int64_t x, int64_t w, int64_t y) { out[0][w] += in[0][x] * in[1][y]; });
  if (c.as<ConvGradWeights>().bias)
    for (int64_t i = 0; i < in[1].size(); ++i) out[1][i % z.O] += in[1][i];
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  in_plain_layout(c, in, out, [&](auto from, auto to) { plain_reference(c, from, to); });
}

Kernel zeros(const ConvSizes& z, bool bias) {
  return {.run = [n = z.weights_shape().count(), O = z.O, bias](const KernelArgs& args) {
    std::fill_n(args.out_f32(0), n, 0.0f);
    if (bias) std::fill_n(args.out_f32(1), O, 0.0f);
  }};
}

dnnl::convolution_backward_weights::primitive_desc backward_pd(Engine& e, const ConvDescs& d,
                                                               const ConvDescs& hint, bool bias) {
  using P = dnnl::convolution_backward_weights;
  const auto forward = conv_forward_pd(e, hint, bias, {});
  if (bias)
    return make_backward_pd<P>(e, caller_scratch(), forward, d.algorithm, d.x, d.weights, d.bias,
                               d.y, d.strides, d.dilations, d.before, d.after);
  return make_backward_pd<P>(e, caller_scratch(), forward, d.algorithm, d.x, d.weights, d.y,
                             d.strides, d.dilations, d.before, d.after);
}

Kernel kernel(const Call& c, Engine& e) {
  const ConvSizes z = sizes(c);
  const bool bias = c.as<ConvGradWeights>().bias;
  if (z.output_shape().count() == 0) return zeros(z, bias);
  const bool blocked = is_blocked(c.shape(0));
  if (!blocked && z.depthwise() && std::max(z.y.kernel, z.x.kernel) > 3)
    return depthwise_grad_weights_kernel(z, bias);
  const DType type = c.dtype(0);
  const auto special = special_descs(z, c.in[0].type());
  const ConvDescs d = special ? *special : conv_descs(z, {.x = type, .y = type});
  const ConvDescs hint = special ? d : conv_descs(z, {.x = type, .w = type, .y = type});
  const auto pd = backward_pd(e, d, hint, bias);
  if (!blocked && turned_down(e, pd.impl_info_str())) return grad_weights_by_taps(z, type, bias);
  DnnlCall call(e, dnnl::convolution_backward_weights(pd), pd);
  if (bias) call.output(DNNL_ARG_DIFF_BIAS, d.bias, 1);
  LaidOut conv(e, std::move(call));
  conv.input(DNNL_ARG_SRC, d.kept_x, pd.src_desc(), 0);
  conv.input(DNNL_ARG_DIFF_DST, d.kept_y, pd.diff_dst_desc(), 1);
  conv.output(DNNL_ARG_DIFF_WEIGHTS, d.kept_weights, pd.diff_weights_desc(), 0);
  return conv.kernel();
}

Cost cost(const Call& c) {
  const double bias = c.as<ConvGradWeights>().bias ? double(c.shape(1).count()) : 0;
  const double products = sizes(c).flops();
  return {.flops = products + bias, .bytes = operand_cost(c, 0).bytes, .products = products};
}

std::vector<Sample> samples() {
  const auto kernel = [](int64_t y, int64_t x) { return std::vector<int64_t>{y, x}; };
  return {
      {{Shape{2, 5, 7, 3}, Shape{2, 5, 7, 5}}, {{"kernel", kernel(3, 3)}}},
      {{Shape{1, 1, 1, 1}, Shape{1, 1, 1, 1}}, {{"bias", false}}},
      {{Shape{2, 8, 9, 6}, Shape{2, 4, 5, 4}},
       {{"stride", 2}, {"groups", 2}, {"kernel", kernel(3, 2)}, {"bias", false}}},
      {{Shape{2, 9, 9, 4}, Shape{2, 5, 5, 3}},
       {{"dilation", 2}, {"padding", "valid"}, {"kernel", kernel(3, 3)}}},
      {{Shape{2, 6, 7, 17}, Shape{2, 6, 7, 17}}, {{"groups", 17}, {"kernel", kernel(5, 7)}}},
      {{Shape{5, 6, 9, 33}, Shape{5, 3, 5, 33}},
       {{"groups", 33}, {"kernel", kernel(4, 9)}, {"stride", 2}, {"bias", false}}},
      {{Shape{1, 9, 8, 3}, Shape{1, 9, 8, 3}},
       {{"groups", 3}, {"kernel", kernel(5, 3)}, {"dilation", 2}}},
      {{Shape{2, 6, 6, 3}, Shape{2, 3, 3, 4}},
       {{"stride", 2}, {"pad", 1}, {"kernel", kernel(3, 3)}}},
      {{SampleInput(DType::kBf16, {2, 7, 7, 16}, -1, 1),
        SampleInput(DType::kBf16, {2, 7, 7, 16}, -1, 1)},
       {{"kernel", kernel(3, 3)}, {"bias", false}}},
      {{SampleInput(DType::kBf16, {2, 8, 8, 3}, -1, 1),
        SampleInput(DType::kBf16, {2, 4, 4, 5}, -1, 1)},
       {{"stride", 2}, {"kernel", kernel(3, 3)}}},
      {{Shape{2, 26, 27, 64}, Shape{2, 26, 27, 64}}, {{"kernel", kernel(3, 3)}}},
      {{Shape{2, 4, 26, 27, 16}, Shape{2, 4, 26, 27, 16}}, {{"kernel", kernel(3, 3)}}},
      {{Shape{2, 1, 6, 5, 16}, Shape{2, 2, 6, 5, 16}}, {{"kernel", kernel(3, 3)}, {"bias", false}}},
      {{Shape{0, 5, 5, 2}, Shape{0, 5, 5, 2}}, {{"kernel", kernel(3, 3)}}}};
}

Bf16Use in_bf16(const Call& c) {
  return conv_in_bf16(sizes(c));
}

std::optional<BlockedUse> in_blocks(const Call& c) {
  return conv_in_blocks(c, sizes(c), {0, 1}, false);
}
}  // namespace

extern const Op op_conv2d_grad_weights;
const Op op_conv2d_grad_weights = {
    .name = "conv2d_grad_weights",
    .doc = "gradient of conv2d with respect to w and bias",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<ConvGradWeights>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = in_bf16,
    .blocked = in_blocks,
    .not_onnx = kOnnxGradient,
    .tolerance = 4e-4,  // Winograd, of values of about 30; the plain sum keeps 1e-5
    .samples = samples()};
}  // namespace cambium::op_conv2d_grad_weights
