#include "ops/support/onnx/parts.h"

namespace cambium {
static void onnx_binary(OnnxUse& u, const char* op) {
  u.out(0, u.op(op, {u.in(0), u.in(1)}));
}

static void onnx_unary(OnnxUse& u, const char* op) {
  u.out(0, u.op(op, {u.in(0)}));
}

void onnx_add(OnnxUse& u) {
  onnx_binary(u, "Add");
}

void onnx_sub(OnnxUse& u) {
  onnx_binary(u, "Sub");
}

void onnx_mul(OnnxUse& u) {
  onnx_binary(u, "Mul");
}

void onnx_div(OnnxUse& u) {
  onnx_binary(u, "Div");
}

void onnx_maximum(OnnxUse& u) {
  onnx_binary(u, "Max");
}

void onnx_lerp(OnnxUse& u) {
  const std::string way = u.op("Sub", {u.in(1), u.in(0)});
  u.out(0, u.op("Add", {u.in(0), u.op("Mul", {way, u.f32(u.number("t"))})}));
}

void onnx_exp(OnnxUse& u) {
  onnx_unary(u, "Exp");
}

void onnx_log(OnnxUse& u) {
  onnx_unary(u, "Log");
}

void onnx_sqrt(OnnxUse& u) {
  onnx_unary(u, "Sqrt");
}

void onnx_square(OnnxUse& u) {
  u.out(0, u.op("Mul", {u.in(0), u.in(0)}));
}

void onnx_neg(OnnxUse& u) {
  onnx_unary(u, "Neg");
}

void onnx_sin(OnnxUse& u) {
  onnx_unary(u, "Sin");
}

void onnx_cos(OnnxUse& u) {
  onnx_unary(u, "Cos");
}

void onnx_scale(OnnxUse& u) {
  // A mean over places whose number is open is such a factor: 1 / T.
  const double a = u.number("a"), b = u.number("b");
  const std::string x = u.op("Mul", {u.in(0), u.f32(a)});
  u.out(0, b == 0 ? x : u.op("Add", {x, u.f32(b)}));
}

void onnx_clamp(OnnxUse& u) {
  u.out(0, u.op("Clip", {u.in(0), u.f32(u.number("lo")), u.f32(u.number("hi"))}));
}

void onnx_identity(OnnxUse& u) {
  onnx_unary(u, "Identity");
}
}  // namespace cambium
