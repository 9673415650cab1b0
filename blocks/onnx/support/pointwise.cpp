#include <cmath>

#include "blocks/onnx/support/reader.h"

namespace cambium {
namespace {
void unary(OnnxReader& r, std::string_view op, const Args& args = {}) {
  r.out(r.emit(op, {r.value(0)}, args));
}

// Before opset 7 the second operand was laid on the first at `axis`.
Value second(OnnxReader& r, Value a) {
  const Value b = r.value(1);
  const int64_t axis = r.attribute("axis", int64_t{-1});
  if (r.opset() >= 7 || r.attribute("broadcast", int64_t{0}) == 0 || axis < 0) return b;
  std::vector<int64_t> shape(b.shape().dims().begin(), b.shape().dims().end());
  while (int64_t(shape.size()) + axis < a.shape().rank()) shape.push_back(1);
  return r.emit("reshape", {b}, {{"shape", shape}});
}

void binary(OnnxReader& r, std::string_view op) {
  const Value a = r.value(0);
  r.out(r.emit(op, {a, second(r, a)}));
}

Value power(OnnxReader& r, Value x, double p) {
  if (p == 1) return x;
  if (p == 2) return r.emit("square", {x});
  if (p == 0.5) return r.emit("sqrt", {x});
  if (p == 3) return r.emit("mul", {r.emit("square", {x}), x});
  if (p == -1) return r.emit("exp", {r.emit("neg", {r.emit("log", {x})})});
  r.refuse(str("powers of ", p, " are not read; 1, 2, 3, 0.5 and -1 are"));
}

// x^p of positive numbers, where p is no constant.
void pow(OnnxReader& r) {
  if (r.is_known(1) && r.known(1).count() == 1) return r.out(power(r, r.value(0), r.number(1)));
  r.out(r.emit("exp", {r.emit("mul", {r.emit("log", {r.value(0)}), r.value(1)})}));
}

void fold_pairs(OnnxReader& r, std::string_view op, bool negated) {
  const auto get = [&](size_t i) { return negated ? r.emit("neg", {r.value(i)}) : r.value(i); };
  Value y = get(0);
  for (size_t i = 1; i < r.node().in.size(); ++i) y = r.emit(op, {y, get(i)});
  r.out(negated ? r.emit("neg", {y}) : y);
}

void clip(OnnxReader& r) {
  const auto limit = [&](size_t i, const char* name, double otherwise) {
    if (r.opset() < 11) return r.attribute(name, otherwise);
    return r.has(i) ? r.number(i) : otherwise;
  };
  const double lo = limit(1, "min", -3.4e38), hi = limit(2, "max", 3.4e38);
  // As maxima, which have gradients.
  const auto one = [&](double v) { return r.graph().scalar(v); };
  const Value above = r.emit("maximum", {r.value(0), one(lo)});
  r.out(r.emit("neg", {r.emit("maximum", {r.emit("neg", {above}), one(-hi)})}));
}

void prelu(OnnxReader& r) {
  const Value x = r.value(0);
  Value slope = r.value(1);
  if (r.opset() < 7 && slope.shape().rank() == 1 && slope.shape()[0] > 1 && x.shape().rank() > 2) {
    std::vector<int64_t> shape = {slope.shape()[0]};
    while (int(shape.size()) + 1 < x.shape().rank()) shape.push_back(1);
    slope = r.emit("reshape", {slope}, {{"shape", shape}});
  }
  const Value below = r.emit("neg", {r.emit("relu", {r.emit("neg", {x})})});
  r.out(r.emit("add", {r.emit("relu", {x}), r.emit("mul", {below, slope})}));
}

void absolute(OnnxReader& r) {
  r.out(r.emit("maximum", {r.value(0), r.emit("neg", {r.value(0)})}));
}

void cast(OnnxReader& r) {
  if (r.attribute("to", int64_t{1}) != 1) r.refuse("only casts to f32 are read");
  const Value x = r.value(0);
  if (x.type().dtype != DType::kF32) r.refuse(str("casts of ", x.type(), " are not read"));
  r.out(x);
}

void hard_sigmoid(OnnxReader& r) {
  const double a = r.attribute("alpha", 0.2), b = r.attribute("beta", 0.5);
  const Value line = r.emit("scale", {r.value(0)}, {{"a", a}, {"b", b}});
  const Value low = r.emit("relu", {line});  // 1 - max(1 - low, 0)
  const Value rest = r.emit("relu", {r.emit("scale", {low}, {{"a", -1.0}, {"b", 1.0}})});
  r.out(r.emit("scale", {rest}, {{"a", -1.0}, {"b", 1.0}}));
}

constexpr OnnxRule kRules[] = {
    {"Add", [](OnnxReader& r) { binary(r, "add"); }},
    {"Sub", [](OnnxReader& r) { binary(r, "sub"); }},
    {"Mul", [](OnnxReader& r) { binary(r, "mul"); }},
    {"Div", [](OnnxReader& r) { binary(r, "div"); }},
    {"Pow", pow},
    {"Max", [](OnnxReader& r) { fold_pairs(r, "maximum", false); }},
    {"Min", [](OnnxReader& r) { fold_pairs(r, "maximum", true); }},
    {"Sum", [](OnnxReader& r) { fold_pairs(r, "add", false); }},
    {"Neg", [](OnnxReader& r) { unary(r, "neg"); }},
    {"Abs", absolute},
    {"Exp", [](OnnxReader& r) { unary(r, "exp"); }},
    {"Log", [](OnnxReader& r) { unary(r, "log"); }},
    {"Sqrt", [](OnnxReader& r) { unary(r, "sqrt"); }},
    {"Sin", [](OnnxReader& r) { unary(r, "sin"); }},
    {"Cos", [](OnnxReader& r) { unary(r, "cos"); }},
    {"Reciprocal",
     [](OnnxReader& r) {
       r.out(r.emit("div", {r.graph().scalar(1), r.value(0)}));
     }},
    {"Relu", [](OnnxReader& r) { unary(r, "relu"); }},
    {"LeakyRelu",
     [](OnnxReader& r) {
       unary(r, "leaky_relu", {{"slope", r.attribute("alpha", 0.01)}});
     }},
    {"Elu",
     [](OnnxReader& r) {
       unary(r, "elu", {{"alpha", r.attribute("alpha", 1.0)}});
     }},
    {"Selu", [](OnnxReader& r) { unary(r, "selu"); }},
    {"Sigmoid", [](OnnxReader& r) { unary(r, "sigmoid"); }},
    {"Tanh", [](OnnxReader& r) { unary(r, "tanh"); }},
    {"Softplus", [](OnnxReader& r) { unary(r, "softplus"); }},
    {"HardSigmoid", hard_sigmoid},
    {"HardSwish", [](OnnxReader& r) { unary(r, "hardswish"); }},
    {"PRelu", prelu},
    {"Clip", clip},
    {"Cast", cast},
    {"Identity", [](OnnxReader& r) { r.out(r.value(0)); }},
    {"Dropout", [](OnnxReader& r) { r.out(r.value(0)); }},
};
}  // namespace

std::span<const OnnxRule> onnx_pointwise_rules() {
  return kRules;
}
}  // namespace cambium
