#include "blocks/layers.h"

#include <cmath>

namespace cambium {
namespace {
// Running statistics follow the batch's after the step, outside the differentiated graph.
void update_running(Builder& b, Value running, Value batch, double momentum) {
  Scope s = b.graph.scope;
  s.phase = Phase::kUpdate;
  const ScopeGuard guard(b.graph, std::move(s));
  b.update_state(running, b.emit("lerp", {running, batch}, {{"t", momentum}}));
}

Value unbiased(Builder& b, Value var, int64_t count) {
  if (count < 2) return var;
  Scope s = b.graph.scope;
  s.phase = Phase::kUpdate;
  const ScopeGuard guard(b.graph, std::move(s));
  return b.emit("scale", {var}, {{"a", double(count) / double(count - 1)}});
}

Value batch_norm(Builder& b, Value x, Value gamma, Value beta, const NormOptions& o) {
  const ValueType channel{DType::kF32, Shape{x.shape().last()}};
  const Value mean = b.state("running_mean", channel, {});
  const Value var = b.state("running_var", channel, {Init::kConstant, 1});
  const Args args = {{"eps", o.eps}, {"activation", o.relu ? "relu" : "none"}};
  if (!b.training) return b.emit("batch_norm_apply", {x, gamma, beta, mean, var}, args);
  const Value y = b.emit("batch_norm", {x, gamma, beta}, args);
  update_running(b, mean, y.nth(1), o.momentum);
  update_running(b, var, unbiased(b, y.nth(2), x.shape().rows()), o.momentum);
  return y;
}

Value zeros(Builder& b, int64_t n) {
  return b.graph.constant(std::make_shared<const Tensor>(DType::kF32, Shape{n}));
}
}  // namespace

Value activate(Builder& b, std::string_view kind, Value x) {
  if (kind == "none") return x;
  if (kind == "gelu_erf") return b.emit("gelu", {x}, {{"approximate", "none"}});
  return b.emit(kind, {x});
}

Value normalise(Builder& b, std::string_view kind, Value x, const NormOptions& o) {
  if (kind == "none") return x;
  const int64_t c = x.shape().last();
  const Value gamma = b.param("gamma", {c}, {Init::kConstant, 1}, false);
  if (kind == "rms") return b.emit("rms_norm", {x, gamma}, {{"eps", o.eps}});
  const Value beta = o.bias ? b.param("beta", {c}, {}, false) : zeros(b, c);
  if (kind == "layer") return b.emit("layer_norm", {x, gamma, beta}, {{"eps", o.eps}});
  return batch_norm(b, x, gamma, beta, o);
}

Value convolve(Builder& b, Value x, const ConvOptions& o) {
  const int64_t c = x.shape().last();
  require(o.width > 0, "width is missing");
  require(c % o.groups == 0, "groups = ", o.groups, " does not divide C = ", c);
  require(o.width % o.groups == 0, "groups = ", o.groups, " does not divide width = ", o.width);
  for (int axis = 0; axis < 2 && o.padding == "valid"; ++axis) {
    const int64_t reach = (axis ? o.kernel_x - 1 : o.kernel_y - 1) * o.dilation + 1;
    require(reach <= x.shape()[1 + axis], "kernel reaches over ", reach, " places, the grid has ",
            x.shape()[1 + axis], axis ? " columns" : " rows");
  }
  const int64_t c_group = c / o.groups;
  const double fan_in = double(o.kernel_y * o.kernel_x * c_group);
  const Value w = b.param("weight", {o.kernel_y, o.kernel_x, c_group, o.width},
                          {Init::kNormal, std::sqrt(2 / fan_in)});
  std::vector<Value> in = {x, w};
  if (o.bias) in.push_back(b.param("bias", {o.width}, {}, false));
  return b.emit("conv2d", in,
                {{"stride", o.stride},
                 {"padding", std::string(o.padding)},
                 {"dilation", o.dilation},
                 {"groups", o.groups}});
}

Value conv_norm_act(Builder& b, Value x, ConvOptions conv, std::string_view norm,
                    std::string_view activation) {
  const bool batch = norm == "batch";
  conv.bias = conv.bias && !batch;
  Value y = convolve(b, x, conv);
  const bool fused = batch && activation == "relu";
  if (norm != "none")
    y = b.in_scope("norm", [&] { return normalise(b, norm, y, {.relu = fused}); });
  return fused ? y : activate(b, activation, y);
}

Stream depthwise(Builder& b, Stream s, const DepthwiseOptions& o) {
  const Shape in = s.shape();
  const int64_t c = s.channels();
  const bool tokens = s.domain == Domain::kTokens;
  const bool line = tokens && (o.causal || s.rows == 0);  // a line of tokens, not a grid of them
  require(!o.causal || tokens, "causal needs tokens, a grid has no order");
  require(!tokens || o.stride == 1, "stride = ", o.stride, " needs a grid, got tokens");
  Value x = s.x;
  if (line)
    x = b.emit("reshape", {x}, {{"shape", std::vector<int64_t>{in[0], in[1], 1, c}}});
  else if (tokens)
    x = b.emit("reshape", {x}, {{"shape", std::vector<int64_t>{in[0], s.rows, s.columns, c}}});
  if (o.causal && o.kernel > 1)
    x = b.emit("pad", {x}, {{"axis", 1}, {"before", (o.kernel - 1) * o.dilation}, {"after", 0}});
  x = convolve(b, x,
               {.width = c,
                .kernel_y = o.kernel,
                .kernel_x = line ? 1 : o.kernel,
                .stride = o.stride,
                .dilation = o.dilation,
                .groups = c,
                .padding = o.causal ? "valid" : "same",
                .bias = o.bias});  // [B,Y',X',C]
  if (tokens) x = b.emit("reshape", {x}, {{"shape", std::vector<int64_t>{in[0], in[1], c}}});
  s.x = x;
  return s;
}
}  // namespace cambium
