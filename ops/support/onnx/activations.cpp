#include <numbers>

#include "ops/pointwise/support/gelu.h"
#include "ops/support/onnx/parts.h"

namespace cambium {
static void onnx_named(OnnxUse& u, const char* op, std::vector<OnnxAttribute> attributes = {}) {
  u.out(0, u.op(op, {u.in(0)}, std::move(attributes)));
}

std::string onnx_gelu_tanh(OnnxUse& u, const std::string& x) {
  const std::string cube = u.op("Mul", {u.op("Mul", {x, x}), x});
  const std::string inner = u.op("Add", {x, u.op("Mul", {cube, u.f32(kGeluCubic)})});
  return u.op("Mul", {x, u.op("Sigmoid", {u.op("Mul", {inner, u.f32(kGeluTwice)})})});
}

std::string onnx_activated(OnnxUse& u, const std::string& activation, const std::string& x) {
  if (activation == "none") return x;
  if (activation == "gelu") return onnx_gelu_tanh(u, x);
  if (activation == "silu") return u.op("Mul", {x, u.op("Sigmoid", {x})});
  if (activation == "relu") return u.op("Relu", {x});
  if (activation == "tanh") return u.op("Tanh", {x});
  if (activation == "sigmoid") return u.op("Sigmoid", {x});
  u.refuse(str("the activation ", activation, " is not known here"));
}

void onnx_relu(OnnxUse& u) {
  onnx_named(u, "Relu");
}

void onnx_relu2(OnnxUse& u) {
  const std::string y = u.op("Relu", {u.in(0)});
  u.out(0, u.op("Mul", {y, y}));
}

void onnx_leaky_relu(OnnxUse& u) {
  onnx_named(u, "LeakyRelu", {{"alpha", float(u.number("slope"))}});
}

void onnx_elu(OnnxUse& u) {
  onnx_named(u, "Elu", {{"alpha", float(u.number("alpha"))}});
}

void onnx_selu(OnnxUse& u) {
  onnx_named(u, "Selu");
}

void onnx_hard_sigmoid(OnnxUse& u) {
  onnx_named(u, "HardSigmoid", {{"alpha", float(1.0 / 6)}, {"beta", 0.5f}});
}

void onnx_hardswish(OnnxUse& u) {
  onnx_named(u, "HardSwish");
}

void onnx_sigmoid(OnnxUse& u) {
  onnx_named(u, "Sigmoid");
}

void onnx_tanh(OnnxUse& u) {
  onnx_named(u, "Tanh");
}

void onnx_silu(OnnxUse& u) {
  u.out(0, onnx_activated(u, "silu", u.in(0)));
}

void onnx_mish(OnnxUse& u) {
  u.out(0, u.op("Mul", {u.in(0), u.op("Tanh", {u.op("Softplus", {u.in(0)})})}));
}

void onnx_softplus(OnnxUse& u) {
  onnx_named(u, "Softplus");
}

void onnx_gelu(OnnxUse& u) {
  if (u.word("approximate") == "tanh") return u.out(0, onnx_gelu_tanh(u, u.in(0)));
  const std::string erf = u.op("Erf", {u.op("Mul", {u.in(0), u.f32(std::numbers::sqrt2 / 2)})});
  const std::string half = u.op("Mul", {u.in(0), u.f32(0.5)});
  u.out(0, u.op("Mul", {half, u.op("Add", {erf, u.f32(1)})}));
}

void onnx_prelu(OnnxUse& u) {
  u.out(0, u.op("PRelu", {u.in(0), u.in(1)}));
}

void onnx_dynamic_tanh(OnnxUse& u) {
  const std::string y = u.op("Tanh", {u.op("Mul", {u.in(0), u.in(1)})});
  u.out(0, u.op("Add", {u.op("Mul", {y, u.in(2)}), u.in(3)}));
}

void onnx_softmax(OnnxUse& u) {
  onnx_named(u, "Softmax", {{"axis", u.whole("axis")}});
}
}  // namespace cambium
