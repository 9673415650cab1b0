// conv2d_grad_input(dy [B,Y',X',O], w [KY,KX,C/groups,O]; conv2d's window, input = [Y, X]) -> dx
// [B,Y,X,C]: dx[i] = sum of dy[o] w over the products of conv2d that read x[i].
#include <cstring>

#include "ops/conv/support/conv.h"
#include "ops/conv/support/conv_taps.h"
#include "ops/support/bf16.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_conv2d_grad_input {
namespace {
ConvSizes sizes(const Call& c) {
  const auto& a = c.as<ConvGradInput>();
  const Shape dy = plain_shape(c.shape(0)), &w = c.shape(1);
  require(a.input.size() == 2, "input must be [Y, X], got ", a.input.size(), " numbers");
  require(dy.rank() == 4 && w.rank() == 4, "dy and w must have rank 4, got ", dy, " and ", w);
  const Shape x{dy[0], a.input[0], a.input[1], w[2] * a.groups};
  return conv_sizes(a, x, w);
}

std::vector<ValueType> shape(const Call& c) {
  require_product(c, 0, 1);
  const ConvSizes z = sizes(c);
  require(plain_shape(c.shape(0)) == z.output_shape(), "dy is ", c.shape(0),
          ", the convolution makes ", z.output_shape());
  require_result(c, c.as<ConvGradInput>().to, 0);
  return {{precision_of(c.as<ConvGradInput>().to), shape_like(c.shape(0), z.input_shape())}};
}

void plain_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  for_each_product(sizes(c),
                   [&](int64_t x, int64_t w, int64_t y) { out[0][x] += in[0][y] * in[1][w]; });
  if (c.as<ConvGradInput>().to == "bf16") round_to_bf16(out[0]);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  in_plain_layout(c, in, out, [&](auto from, auto to) { plain_reference(c, from, to); });
}

Kernel zeros(int64_t bytes) {
  return {.run = [bytes](const KernelArgs& args) {
    if (bytes > 0) std::memset(args.out[0], 0, size_t(bytes));
  }};
}

Kernel kernel(const Call& c, Engine& e) {
  const ConvSizes z = sizes(c);
  if (z.output_shape().count() == 0) return zeros(c.out[0].type().bytes());
  const DType type = c.dtype(0);
  const auto special = special_descs(z, c.in[0].type());
  const ConvDescs d =
      special ? *special : conv_descs(z, {.x = c.out[0].type().dtype, .w = type, .y = type});
  const ConvDescs hint = special ? d : conv_descs(z, {.x = type, .w = type, .y = type});
  const auto pd = make_backward_pd<dnnl::convolution_backward_data>(
      e, caller_scratch(), conv_forward_pd(e, hint, false, {}), d.algorithm, d.x, d.weights, d.y,
      d.strides, d.dilations, d.before, d.after);
  if (!is_blocked(c.shape(0)) && turned_down(e, pd.impl_info_str()))
    return grad_input_by_taps(z, type, c.out[0].type().dtype);
  LaidOut conv(e, DnnlCall(e, dnnl::convolution_backward_data(pd), pd));
  conv.input(DNNL_ARG_DIFF_DST, d.kept_y, pd.diff_dst_desc(), 0);
  conv.input(DNNL_ARG_WEIGHTS, d.kept_weights, pd.weights_desc(), 1);
  conv.output(DNNL_ARG_DIFF_SRC, d.kept_x, pd.diff_src_desc(), 0);
  return conv.kernel();
}

Cost cost(const Call& c) {
  const double flops = sizes(c).flops();
  return {.flops = flops, .bytes = operand_cost(c, 0).bytes, .products = flops};
}

std::vector<Sample> samples() {
  const auto input = [](int64_t y, int64_t x) { return std::vector<int64_t>{y, x}; };
  return {
      {{Shape{2, 5, 7, 5}, Shape{3, 3, 3, 5}}, {{"input", input(5, 7)}}},
      {{Shape{1, 1, 1, 1}, Shape{1, 1, 1, 1}}},
      {{Shape{2, 4, 5, 4}, Shape{3, 2, 3, 4}},
       {{"stride", 2}, {"groups", 2}, {"input", input(8, 9)}}},
      {{Shape{2, 5, 5, 3}, Shape{3, 3, 4, 3}},
       {{"dilation", 2}, {"padding", "valid"}, {"input", input(9, 9)}}},
      {{Shape{1, 6, 6, 17}, Shape{5, 5, 1, 17}}, {{"groups", 17}, {"input", input(6, 6)}}},
      {{Shape{2, 3, 3, 4}, Shape{3, 3, 3, 4}}, {{"stride", 2}, {"pad", 1}, {"input", input(6, 6)}}},
      {{SampleInput(DType::kBf16, {2, 7, 7, 16}, -1, 1),
        SampleInput(DType::kBf16, {3, 3, 16, 16}, -1, 1)},
       {{"input", input(7, 7)}}},
      {{SampleInput(DType::kBf16, {2, 4, 4, 5}, -1, 1),
        SampleInput(DType::kBf16, {3, 3, 3, 5}, -1, 1)},
       {{"stride", 2}, {"input", input(8, 8)}}},
      {{SampleInput(DType::kBf16, {2, 9, 8, 32}, -1, 1),
        SampleInput(DType::kBf16, {3, 3, 16, 32}, -1, 1)},
       {{"input", input(9, 8)}, {"to", "bf16"}}},
      {{Shape{1, 9, 33, 1}, Shape{31, 31, 1, 1}}, {{"input", input(9, 33)}}},
      {{Shape{2, 26, 27, 64}, Shape{3, 3, 64, 64}}, {{"input", input(26, 27)}}},
      {{Shape{2, 4, 26, 27, 16}, Shape{3, 3, 64, 64}}, {{"input", input(26, 27)}}},
      {{Shape{2, 2, 6, 5, 16}, Shape{3, 3, 16, 32}}, {{"input", input(6, 5)}}},
      {{Shape{0, 5, 5, 2}, Shape{3, 3, 2, 2}}, {{"input", input(5, 5)}}}};
}

Bf16Use in_bf16(const Call& c) {
  Bf16Use use = conv_in_bf16(sizes(c));
  if (c.dtype(0) == DType::kBf16) use.writes = writing_bf16<ConvGradInput>(c);
  return use;
}

std::optional<BlockedUse> in_blocks(const Call& c) {
  return conv_in_blocks(c, sizes(c), {0}, true);
}
}  // namespace

extern const Op op_conv2d_grad_input;
const Op op_conv2d_grad_input = {
    .name = "conv2d_grad_input",
    .doc = "gradient of conv2d with respect to x",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<ConvGradInput>,
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
}  // namespace cambium::op_conv2d_grad_input
