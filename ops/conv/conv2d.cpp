// conv2d(x [B,Y,X,C], w [KY,KX,C/groups,O], optional bias [O], optional residual [B,Y',X',O];
// stride, padding, pad, dilation, groups, activation) -> y [B,Y',X',O] = act(conv(x, w) + bias) +
// residual. Cross-correlation, channels last; groups = C = O is a depthwise convolution. Images in
// blocks of 16 channels (block_channels) give a result in blocks.
// Gradients: conv2d_grad_input, conv2d_grad_weights; the activation's gradient comes first.
// oneDNN's fast kernels want blocked weights: they are copied into scratch each run, a few
// microseconds, against 3 to 10 times slower products on the plain layout (measured, 2.6.3).
#include <cmath>

#include "core/text/utf8.h"
#include "graph/graph.h"
#include "ops/conv/support/conv.h"
#include "ops/conv/support/conv_taps.h"
#include "ops/pointwise/support/activation.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/scratch.h"

namespace cambium::op_conv2d {
namespace {
enum Input { kX, kW, kBias, kResidual };

ConvSizes sizes(const Call& c) {
  return conv_sizes(c.as<Conv>(), c.shape(kX), c.shape(kW));
}

std::vector<ValueType> shape(const Call& c) {
  require_product(c, kX, kW);
  const ConvSizes z = sizes(c);
  const Shape y = shape_like(c.shape(kX), z.output_shape());
  require(!c.has(kBias) || c.shape(kBias) == Shape{z.O}, "bias must be [", z.O, "]");
  require(!c.has(kResidual) || c.in[kResidual].type() == ValueType{DType::kF32, y},
          "residual must be f32 ", y);
  require_result(c, c.as<Conv>().to, kX);
  return {{precision_of(c.as<Conv>().to), y}};
}

// dLoss/d(conv + bias). Where y itself does not tell, the sum is computed again.
Value sum_gradient(const Call& c, Value dy) {
  const auto& a = c.as<Conv>();
  Graph& g = *dy.graph;
  const Value bias = c.has(kBias) ? c.in[kBias] : Value{};
  Args args = window_args(a);
  const auto sum = [&] { return g.emit("conv2d", {c.in[kX], c.in[kW], bias}, args); };
  if (a.activation == "none" || !c.has(kResidual))
    return activation_gradient(a.activation, c.out[0], sum, dy);
  Args active = args;
  active.push_back({"activation", a.activation});
  const Value y = g.emit("conv2d", {c.in[kX], c.in[kW], bias}, active);
  return activation_gradient(a.activation, y, sum, dy);
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<Conv>();
  Graph& g = *dy[0].graph;
  const Value d = sum_gradient(c, dy[0]);
  const Shape x = plain_shape(c.shape(kX)), &w = c.shape(kW);
  Args input = window_args(a), weights = window_args(a);
  input.push_back({"input", std::vector<int64_t>{x[1], x[2]}});
  weights.push_back({"kernel", std::vector<int64_t>{w[0], w[1]}});
  weights.push_back({"bias", c.has(kBias)});
  const Value dw = g.emit("conv2d_grad_weights", {c.in[kX], d}, weights);
  std::vector<Value> gradients = {g.emit("conv2d_grad_input", {d, c.in[kW]}, input), dw,
                                  c.has(kBias) ? dw.nth(1) : Value{},
                                  c.has(kResidual) ? dy[0] : Value{}};
  gradients.resize(c.in.size());
  return gradients;
}

void plain_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Conv>();
  const ConvSizes z = sizes(c);
  Ref& y = out[0];
  for_each_product(z, [&](int64_t x, int64_t w, int64_t i) { y[i] += in[kX][x] * in[kW][w]; });
  for (int64_t i = 0; i < y.size(); ++i) {
    if (c.has(kBias)) y[i] += in[kBias][i % z.O];
    y[i] = activate(a.activation, y[i]) + (c.has(kResidual) ? in[kResidual][i] : 0);
  }
  if (a.to == "bf16") round_to_bf16(y);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  in_plain_layout(c, in, out, [&](auto from, auto to) { plain_reference(c, from, to); });
}

// The residual is f32 whatever the result is.
MemoryDesc residual_md(const Call& c) {
  return conv_descs(sizes(c), {}).kept_y;
}

dnnl::post_ops post_ops_of(const Call& c) {
  const std::string& name = c.as<Conv>().activation;
  dnnl::post_ops post;
  using dnnl::algorithm;
  if (name == "relu") append_eltwise(post, algorithm::eltwise_relu, 0, 0);
  if (name == "gelu") append_eltwise(post, algorithm::eltwise_gelu_tanh, 0, 0);
  if (name == "silu") append_eltwise(post, algorithm::eltwise_swish, 1, 0);
  if (name == "tanh") append_eltwise(post, algorithm::eltwise_tanh, 0, 0);
  if (name == "sigmoid") append_eltwise(post, algorithm::eltwise_logistic, 0, 0);
  if (c.has(kResidual)) append_binary(post, algorithm::binary_add, residual_md(c));
  return post;
}

// The activation and the residual as a pass of their own.
Kernel then_activate(Kernel product, const Call& c) {
  const std::string& name = c.as<Conv>().activation;
  if (name == "none" && !c.has(kResidual)) return product;
  product.run = [=, run = std::move(product.run), residual = c.has(kResidual),
                 count = c.out_shape().count()](const KernelArgs& k) {
    run(k);
    apply_activation(name, k.out_f32(), residual ? k.f32(kResidual) : nullptr, count);
  };
  return product;
}

// Rounds a result that was made in f32.
Kernel then_narrow(Kernel product, int64_t count) {
  Scratch scratch{product.scratch_bytes};
  const int64_t wide_at = scratch.add_f32(count);
  product.run = [=, run = std::move(product.run)](const KernelArgs& k) {
    void* const wide = k.scratch + wide_at;
    run({k.in, &wide, k.scratch});
    parallel_for(count, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      narrow_range(static_cast<const float*>(wide) + begin,
                   static_cast<uint16_t*>(k.out[0]) + begin, end - begin);
    });
  };
  product.scratch_bytes = scratch.bytes;
  return product;
}

Kernel own_kernel(const Call& c, const ConvSizes& z) {
  Kernel k = then_activate(forward_by_taps(z, c.dtype(kX), c.has(kBias)), c);
  if (c.as<Conv>().to == "f32") return k;
  return then_narrow(std::move(k), z.output_shape().count());
}

Kernel kernel(const Call& c, Engine& e) {
  const ConvSizes z = sizes(c);
  if (z.output_shape().count() == 0) return {.run = [](const KernelArgs&) {}};
  const bool bias = c.has(kBias);
  const auto special = special_descs(z, c.in[kX].type());
  const ConvDescs d =
      special ? *special
              : conv_descs(z, {.x = c.dtype(kX), .w = c.dtype(kW), .y = c.out[0].type().dtype});
  const auto pd = conv_forward_pd(e, d, bias, special ? dnnl::post_ops() : post_ops_of(c));
  if (!is_blocked(c.shape(kX)) && turned_down(e, pd.impl_info_str())) return own_kernel(c, z);
  DnnlCall call(e, dnnl::convolution_forward(pd), pd);
  if (bias) call.input(DNNL_ARG_BIAS, d.bias, kBias);
  if (c.has(kResidual) && !special)
    call.input(post_op_argument(c.as<Conv>().activation == "none" ? 0 : 1), residual_md(c),
               kResidual);
  LaidOut conv(e, std::move(call));
  conv.input(DNNL_ARG_SRC, d.kept_x, pd.src_desc(), kX);
  conv.input(DNNL_ARG_WEIGHTS, d.kept_weights, pd.weights_desc(), kW);
  conv.output(DNNL_ARG_DST, d.kept_y, pd.dst_desc(), 0);
  return special ? then_activate(conv.kernel(), c) : conv.kernel();
}

Cost cost(const Call& c) {
  Cost cost =
      operand_cost(c, c.has(kBias) + c.has(kResidual) + (c.as<Conv>().activation != "none"));
  cost.products = sizes(c).flops();
  cost.flops += cost.products;
  return cost;
}

std::optional<Absorbed> absorb(const Call& c, std::string_view reader, const Attrs& reader_attrs,
                               Value operand) {
  Conv a = c.as<Conv>();
  if (c.has(kResidual) || a.to == "bf16") return {};
  std::vector<Value> inputs(c.in.begin(), c.in.end());
  if (reader == "add" && operand && operand.type() == c.out[0].type()) {
    inputs.resize(4);
    inputs[kResidual] = operand;
    return Absorbed{inputs, a};
  }
  const bool same_gelu = reader == "gelu" && reader_attrs.text() == "approximate=tanh";
  if (a.activation != "none" || operand) return {};
  if (!same_gelu && reader != "relu" && reader != "silu" && reader != "tanh" && reader != "sigmoid")
    return {};
  a.activation = reader;
  return Absorbed{inputs, a};
}

std::vector<Sample> samples() {
  const SampleInput none = SampleInput::none();
  return {{{Shape{2, 5, 7, 3}, Shape{3, 3, 3, 5}, Shape{5}}},
          {{Shape{1, 1, 1, 1}, Shape{1, 1, 1, 1}}},
          {{Shape{2, 8, 9, 6}, Shape{3, 2, 3, 4}}, {{"stride", 2}, {"groups", 2}}},
          {{Shape{2, 9, 9, 4}, Shape{3, 3, 4, 3}, Shape{3}},
           {{"dilation", 2}, {"padding", "valid"}, {"activation", "gelu"}}},
          {{Shape{1, 6, 6, 17}, Shape{5, 5, 1, 17}, Shape{17}, Shape{1, 6, 6, 17}},
           {{"groups", 17}, {"activation", "tanh"}}},
          {{Shape{2, 6, 6, 3}, Shape{3, 3, 3, 4}, none, Shape{2, 3, 3, 4}},
           {{"stride", 2}, {"pad", 1}, {"activation", "silu"}}},
          {{Shape{3, 8, 8, 1}, Shape{4, 4, 1, 16}, Shape{16}},
           {{"stride", 4}, {"activation", "sigmoid"}}},
          {{SampleInput(DType::kBf16, {2, 7, 7, 16}, -1, 1),
            SampleInput(DType::kBf16, {3, 3, 16, 16}, -1, 1), Shape{16}, Shape{2, 7, 7, 16}},
           {{"activation", "relu"}}},
          {{SampleInput(DType::kBf16, {2, 8, 8, 3}, -1, 1),
            SampleInput(DType::kBf16, {3, 3, 3, 5}, -1, 1)},
           {{"stride", 2}}},
          {{SampleInput(DType::kBf16, {2, 9, 8, 16}, -1, 1),
            SampleInput(DType::kBf16, {3, 3, 16, 32}, -1, 1), Shape{32}},
           {{"to", "bf16"}}},
          {{SampleInput(DType::kBf16, {2, 9, 8, 16}, -1, 1),
            SampleInput(DType::kBf16, {3, 3, 16, 32}, -1, 1), none, Shape{2, 9, 8, 32}},
           {{"to", "bf16"}, {"activation", "relu"}}},
          {{Shape{2, 2, 9, 7, 16}, Shape{3, 3, 32, 16}, Shape{16}, Shape{2, 1, 9, 7, 16}},
           {{"activation", "relu"}}},
          {{Shape{2, 4, 26, 27, 16}, Shape{3, 3, 64, 64}}},
          {{Shape{0, 5, 5, 2}, Shape{3, 3, 2, 2}}}};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const ConvSizes z = sizes(c);
  const bool blocked = is_blocked(c.shape(kX));
  const int rows = blocked ? 2 : 1;
  Reach x = in[kX];
  if (blocked)
    x = mixed(x, std::array{1, 4});
  else if (!z.depthwise())
    x = mixed(x, std::array{3});
  x = windows(windows(x, rows, z.y), rows + 1, z.x);
  if (!z.depthwise() || blocked) x.shape = out[0].shape;
  if (c.has(kResidual)) x = joined(x, in[kResidual], out[0].shape);
  join_whole(x, whole(in[kW]));
  if (c.has(kBias)) join_whole(x, whole(in[kBias]));
  out[0] = x;
}

Bf16Use in_bf16(const Call& c) {
  Bf16Use use = conv_in_bf16(sizes(c));
  if (c.dtype(0) == DType::kBf16) use.writes = writing_bf16<Conv>(c);
  return use;
}

std::optional<BlockedUse> in_blocks(const Call& c) {
  return conv_in_blocks(c, sizes(c), {0, 3}, true);
}

// "3x3 /2 in 4 groups"
std::string detail(const Call& c) {
  const Conv& a = c.as<Conv>();
  const Shape& w = c.shape(kW);
  std::string text = str(w[0], kTimes, w[1]);
  if (a.stride != 1) text += str(" /", a.stride);
  if (a.groups != 1) text += str(" in ", a.groups, " groups");
  return text;
}
}  // namespace

extern const Op op_conv2d;
const Op op_conv2d = {
    .name = "conv2d",
    .doc = "2-D convolution with bias, activation and residual",
    .min_inputs = 2,
    .max_inputs = 4,
    .attrs = fields_of<Conv>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = in_bf16,
    .blocked = in_blocks,
    .absorb = absorb,
    .places = Places::kGrid,
    .detail = detail,
    .onnx = onnx_conv2d,
    .tolerance = 4e-4,  // Winograd, of values of about 30; the plain sum keeps 2e-5
    .samples = samples()};
}  // namespace cambium::op_conv2d
