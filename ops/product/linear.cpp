// linear: y = act(x W + b + inner) + residual.
//   x: [..., K]   W: [K, N]   b: [N]   residual, inner: [..., N]   y: [..., N]; all but x and W may
//   be left out
//   dz = dy * act'(z) with z = xW + b + inner;  dx = dz W^T, dW = x^T dz, db = column sums of dz
#include "graph/graph.h"
#include "ops/product/support/eigen.h"
#include "ops/product/support/product_cost.h"
#include "ops/product/support/products.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_linear {
namespace {
constexpr int kBias = 2, kResidual = 3, kInner = 4;

std::vector<ValueType> shape(const Call& c) {
  const Shape &x = c.shape(0), &w = c.shape(1);
  require_product(c, 0, 1);
  for (int i = 2; i < c.inputs(); ++i)
    if (c.has(i)) require_f32(c, i);
  require(x.rank() >= 1 && w.rank() == 2, "x ", x, " needs an axis and the weights ", w, " two");
  require(x.last() == w[0], "x ", x, " has ", x.last(), " channels, the weights ", w, " take ",
          w[0]);
  const Shape y = x.with_last(w[1]);
  require(!c.has(kBias) || c.shape(kBias) == Shape{w[1]}, "the bias is ",
          c.has(kBias) ? c.shape(kBias) : Shape{}, ", not ", Shape{w[1]});
  for (const int i : {kResidual, kInner})
    require(!c.has(i) || c.shape(i) == y, "the ", i == kInner ? "inner term" : "residual", " is ",
            c.has(i) ? c.shape(i) : Shape{}, ", the result ", y);
  const auto& a = c.as<Linear>();
  require_result(c, a.to, 0);
  require(a.to == "f32" || linear_writes_bf16(a, c.has(kResidual) || c.has(kInner)),
          "a result in bf16 has no residual, no inner term, and no activation but relu");
  return {{precision_of(a.to), y}};
}

// dy W^T; matmul wants at least two axes.
Value input_gradient(Value dz, Value w, const Shape& x) {
  Graph& g = *dz.graph;
  if (x.rank() == 1)
    dz = g.emit("reshape", {dz}, {{"shape", std::vector<int64_t>{1, dz.shape().last()}}});
  const Value dx = g.emit("matmul", {dz, w}, {{"transpose_b", true}});
  if (x.rank() > 1) return dx;
  return g.emit("reshape", {dx}, {{"shape", std::vector<int64_t>{x.last()}}});
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const std::string& activation = c.as<Linear>().activation;
  Graph& g = *dy[0].graph;
  const Value bias = c.has(kBias) ? c.in[kBias] : Value{};
  const auto again = [&](const std::string& act) {  // without the residual
    std::vector<Value> in = {c.in[0], c.in[1], bias};
    if (c.has(kInner)) in.insert(in.end(), {Value{}, c.in[kInner]});
    return g.emit("linear", std::move(in), {{"activation", act}});
  };
  const auto pre_activation = [&] { return again("none"); };
  Value y = c.out[0];
  // With a residual, y is not the activation's result: compute that again.
  if (c.has(kResidual) && (activation != "none")) y = again(activation);
  const Value dz = activation_gradient(activation, y, pre_activation, dy[0]);
  const Value dw = g.emit("linear_grad_weights", {c.in[0], dz}, {{"bias", c.has(kBias)}});
  std::vector<Value> dx = {input_gradient(dz, c.in[1], c.shape(0)), dw};
  if (c.inputs() > kBias) dx.push_back(c.has(kBias) ? dw.nth(1) : Value{});
  if (c.inputs() > kResidual) dx.push_back(c.has(kResidual) ? dy[0] : Value{});
  if (c.inputs() > kInner) dx.push_back(c.has(kInner) ? dz : Value{});
  return dx;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), k = c.shape(1)[0], n = c.shape(1)[1];
  multiply_f64(rows, n, k, in[0].data.data(), false, in[1].data.data(), false, out[0].data.data());
  for (int64_t i = 0; i < rows * n; ++i) {
    const double z =
        out[0][i] + (c.has(kBias) ? in[kBias][i % n] : 0) + (c.has(kInner) ? in[kInner][i] : 0);
    out[0][i] = activate(c.as<Linear>().activation, z) + (c.has(kResidual) ? in[kResidual][i] : 0);
  }
  if (c.as<Linear>().to == "bf16") round_to_bf16(out[0]);
}

// No inner terms: the result is made of bias and residual alone.
Kernel bias_kernel(const Call& c) {
  const int64_t count = c.out_shape().count(), n = c.shape(1)[1];
  const bool bias = c.has(kBias), residual = c.has(kResidual), inner = c.has(kInner);
  const bool narrow = c.as<Linear>().to == "bf16";
  return {.run = [=, activation = c.as<Linear>().activation](const KernelArgs& k) {
    for (int64_t i = 0; i < count; ++i) {
      float y = (bias ? k.f32(kBias)[i % n] : 0) + (inner ? k.f32(kInner)[i] : 0);
      apply_activation(activation, &y, residual ? k.f32(kResidual) + i : nullptr, 1);
      if (narrow)
        static_cast<uint16_t*>(k.out[0])[i] = to_bf16(y);
      else
        k.out_f32()[i] = y;
    }
  }};
}

Kernel kernel(const Call& c, Engine& e) {
  const int64_t rows = c.shape(0).rows(), depth = c.shape(1)[0], n = c.shape(1)[1];
  if (rows * depth * n == 0) return bias_kernel(c);
  const std::string& activation = c.as<Linear>().activation;
  const bool fused = is_post_op(activation), residual = c.has(kResidual);
  const MemoryDesc x = dense_md({rows, depth}, c.dtype(0)), w = dense_md({depth, n}, c.dtype(1));
  const MemoryDesc y = dense_md({rows, n}, precision_of(c.as<Linear>().to));
  const MemoryDesc b = c.has(kBias) ? dense_md({1, n}) : MemoryDesc();
  dnnl::post_ops post;
  const bool inner = c.has(kInner);
  if (inner) append_binary(post, dnnl::algorithm::binary_add, y);
  if (fused) append_activation(post, activation);
  if (fused && residual) append_binary(post, dnnl::algorithm::binary_add, y);
  const auto pd = make_pd<dnnl::matmul>(e, caller_scratch(post), x, w, b, y);
  DnnlCall call(e, dnnl::matmul(pd), pd);
  call.input(DNNL_ARG_SRC, x, 0).input(DNNL_ARG_WEIGHTS, w, 1).output(DNNL_ARG_DST, y, 0);
  if (c.has(kBias)) call.input(DNNL_ARG_BIAS, b, kBias);
  if (inner) call.input(post_op_argument(0), y, kInner);
  if (fused && residual) call.input(post_op_argument(post.len() - 1), y, kResidual);
  Kernel product = dnnl_kernel(std::move(call));
  if (fused) return product;
  const auto multiply = std::move(product.run);
  product.run = [=, count = rows * n](const KernelArgs& k) {
    multiply(k);
    apply_activation(activation, k.out_f32(), residual ? k.f32(kResidual) : nullptr, count);
  };
  return product;
}

Cost cost(const Call& c) {
  const double products = 2.0 * double(c.shape(1)[0]);
  const int rest =
      c.has(kBias) + c.has(kResidual) + c.has(kInner) + (c.as<Linear>().activation != "none");
  return product_cost(c, products, rest);
}

// An activation, and a sum with something of the same shape before and one behind it, can be
// computed in the same product.
std::optional<Absorbed> absorb(const Call& c, std::string_view reader, const Attrs& reader_attrs,
                               Value operand) {
  if (c.as<Linear>().to == "bf16") return {};
  const bool plain = c.as<Linear>().activation == "none";
  std::vector<Value> inputs(c.in.begin(), c.in.end());
  const bool to_inner = c.has(kResidual) && plain && !c.has(kInner);
  if (c.has(kResidual) && !to_inner) return {};
  if (to_inner) {  // without an activation it is the same there
    inputs.resize(5);
    std::swap(inputs[kResidual], inputs[kInner]);
  }
  if (reader == "add" && operand && operand.type() == c.out[0].type()) {
    inputs.resize(std::max<size_t>(inputs.size(), 4));
    inputs[kResidual] = operand;
    return Absorbed{inputs, c.attrs};
  }
  if (!plain || !can_fuse(reader, reader_attrs)) return {};
  return Absorbed{inputs, Linear{std::string(reader)}};
}

std::vector<Sample> samples() {
  const SampleInput none = SampleInput::none();
  std::vector<Sample> all = {{{Shape{2, 3, 5}, Shape{5, 7}, Shape{7}}},
                             {{Shape{3, 5}, Shape{5, 7}}},
                             {{Shape{5}, Shape{5, 1}, Shape{1}}},
                             {{Shape{1, 1}, Shape{1, 1}, none, Shape{1, 1}}},
                             {{Shape{0, 5}, Shape{5, 7}, Shape{7}}},
                             {{Shape{3, 0}, Shape{0, 7}, Shape{7}}, {{"activation", "tanh"}}},
                             {{Shape{67, 65}, Shape{65, 130}, Shape{130}, Shape{67, 130}}}};
  for (const char* activation : {"relu", "gelu", "silu", "tanh", "sigmoid"}) {
    all.push_back({{Shape{4, 3}, Shape{3, 6}, Shape{6}}, {{"activation", activation}}});
    all.push_back({{Shape{4, 3}, Shape{3, 6}, none, Shape{4, 6}}, {{"activation", activation}}});
    all.push_back(
        {{Shape{4, 3}, Shape{3, 6}, Shape{6}, none, Shape{4, 6}}, {{"activation", activation}}});
  }
  all.push_back({{Shape{3, 5}, Shape{5, 7}, none, Shape{3, 7}, Shape{3, 7}}});
  all.push_back({{Shape{67, 65}, Shape{65, 33}, Shape{33}, Shape{67, 33}, Shape{67, 33}},
                 {{"activation", "relu"}}});
  all.push_back(
      {{Shape{3, 0}, Shape{0, 7}, Shape{7}, none, Shape{3, 7}}, {{"activation", "silu"}}});
  all.push_back({{SampleInput(DType::kBf16, {67, 65}, -2, 2),
                  SampleInput(DType::kBf16, {65, 130}, -1, 1), Shape{130}, Shape{67, 130}},
                 {{"activation", "gelu"}}});
  all.push_back({{SampleInput(DType::kBf16, {67, 65}, -2, 2),
                  SampleInput(DType::kBf16, {65, 130}, -1, 1), Shape{130}},
                 {{"activation", "relu"}, {"to", "bf16"}}});
  return all;
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  Reach x = in[0];
  const bool one_row = c.shape(0).rank() == 1;
  Shape to = out[0].shape;
  if (one_row) {
    x = reshaped(x, {1, c.shape(0)[0]});
    to = Shape{1, to[0]};
  }
  Reach y = contracted(x, in[1], to);
  if (one_row) y = reshaped(y, out[0].shape);
  for (int i : {kBias, kResidual, kInner})
    if (c.has(i)) y = joined(y, in[size_t(i)], out[0].shape);
  out[0] = y;
}

Bf16Use in_bf16(const Call& c) {
  Bf16Use use = rounds_operands(c);
  if (c.dtype(0) == DType::kBf16 &&
      linear_writes_bf16(c.as<Linear>(), c.has(kResidual) || c.has(kInner)))
    use.writes = writing_bf16<Linear>(c);
  return use;
}

std::optional<RowProduct> rows_of(const Call& c) {
  if (c.inputs() > 3) return {};
  return RowProduct{.bias = c.inputs() > 2 ? 2 : -1, .plain = c.as<Linear>().activation == "none"};
}
}  // namespace

extern const Op op_linear = {
    .name = "linear",
    .doc = "act(x W + b + inner) + residual over the last axis",
    .min_inputs = 2,
    .max_inputs = 5,
    .attrs = fields_of<Linear>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = in_bf16,
    .absorb = absorb,
    .row_product = rows_of,
    .onnx = onnx_linear,
    .tolerance = 1e-5,  // sums of many terms
    .samples = samples(),
};
}  // namespace cambium::op_linear
