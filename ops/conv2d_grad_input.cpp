// conv2d_grad_input(dy [B,Y',X',O], w [KY,KX,C/groups,O]; conv2d's window, input = [Y, X]) -> dx
// [B,Y,X,C]: dx[i] = sum of dy[o] w over the products of conv2d that read x[i].
#include <cstring>

#include "ops/support/bf16.h"
#include "ops/support/conv.h"
#include "ops/support/pointwise.h"
#include "ops/support/scratch.h"

namespace cambium {
namespace {
ConvSizes sizes(const Call& c) {
  const auto& a = c.as<ConvGradInput>();
  const Shape &dy = c.shape(0), &w = c.shape(1);
  require(a.input.size() == 2, "input must be [Y, X], got ", a.input.size(), " numbers");
  require(dy.rank() == 4 && w.rank() == 4, "dy and w must have rank 4, got ", dy, " and ", w);
  const Shape x{dy[0], a.input[0], a.input[1], w[2] * a.groups};
  return conv_sizes(a, x, w);
}

std::vector<ValueType> shape(const Call& c) {
  require_product(c, 0, 1);
  const ConvSizes z = sizes(c);
  require(c.shape(0) == z.output_shape(), "dy is ", c.shape(0), ", the convolution makes ",
          z.output_shape());
  return {{DType::kF32, z.input_shape()}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  for_each_product(sizes(c),
                   [&](int64_t x, int64_t w, int64_t y) { out[0][x] += in[0][y] * in[1][w]; });
}

Kernel zeros(int64_t bytes) {
  return {.run = [bytes](const KernelArgs& args) {
    if (bytes > 0) std::memset(args.out[0], 0, size_t(bytes));
  }};
}

Kernel kernel(const Call& c, Engine& e) {
  const ConvSizes z = sizes(c);
  if (z.output_shape().count() == 0) return zeros(z.input_shape().count() * 4);
  const ConvDescs d = conv_descs(z, {.w = c.dtype(1), .y = c.dtype(0)});
  const ConvDescs hint = conv_descs(z, {.x = c.dtype(0), .w = c.dtype(1), .y = c.dtype(0)});
  const auto pd = make_backward_pd<dnnl::convolution_backward_data>(
      e, caller_scratch(), conv_forward_pd(e, hint, false, {}), dnnl::algorithm::convolution_direct,
      d.x, d.any_weights, d.y, d.strides, d.dilations, d.before, d.after);
  Scratch scratch;
  std::vector<DnnlCall> calls;
  DnnlCall conv(e, dnnl::convolution_backward_data(pd), pd);
  conv.scratchpad_at(scratch.add(conv.scratch_bytes()));
  conv.input(DNNL_ARG_DIFF_DST, d.y, 0).output(DNNL_ARG_DIFF_SRC, d.x, 0);
  if (pd.weights_desc() == d.kept_weights) {
    conv.input(DNNL_ARG_WEIGHTS, d.kept_weights, 1);
  } else {
    const int64_t packed = scratch.add(int64_t(pd.weights_desc().get_size()));
    const auto reorder = reorder_pd(e, d.kept_weights, pd.weights_desc());
    DnnlCall copy(e, dnnl::reorder(reorder), reorder);
    copy.scratchpad_at(scratch.add(copy.scratch_bytes()));
    copy.input(DNNL_ARG_FROM, d.kept_weights, 1).scratch(DNNL_ARG_TO, pd.weights_desc(), packed);
    calls.push_back(std::move(copy));
    conv.scratch(DNNL_ARG_WEIGHTS, pd.weights_desc(), packed);
  }
  calls.push_back(std::move(conv));
  return dnnl_kernels(std::move(calls), scratch.bytes);
}

Cost cost(const Call& c) {
  return {.flops = sizes(c).flops(), .bytes = operand_cost(c, 0).bytes};
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
      {{Shape{0, 5, 5, 2}, Shape{3, 3, 2, 2}}, {{"input", input(5, 5)}}}};
}
}  // namespace

extern const Op op_conv2d_grad_input;
const Op op_conv2d_grad_input = {.name = "conv2d_grad_input",
                                 .doc = "gradient of conv2d with respect to x",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .attrs = fields_of<ConvGradInput>,
                                 .shape = shape,
                                 .reference = reference,
                                 .kernel = kernel,
                                 .cost = cost,
                                 .tolerance = 1e-5,
                                 .samples = samples()};
}  // namespace cambium
