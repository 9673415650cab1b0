// What is computed while a file is read: constants, and arithmetic on shapes.
#include <algorithm>
#include <numeric>

#include "blocks/onnx/support/reader.h"

namespace cambium {
namespace {
using Inputs = std::vector<const OnnxTensor*>;

std::vector<int64_t> wholes(const OnnxTensor& t) {
  const auto v = t.as<int64_t>();
  return {v.begin(), v.end()};
}

bool all_whole(const Inputs& in) {
  return std::ranges::all_of(in, [](const OnnxTensor* t) {
    return t && t->type == OnnxType::kI64 && t->dims.size() <= 1;
  });
}

std::optional<OnnxTensor> constant(const OnnxNode& n) {
  for (const OnnxAttribute& a : n.attributes) {
    if (const auto* t = std::get_if<OnnxTensor>(&a.value)) return *t;
    if (const auto* i = std::get_if<int64_t>(&a.value)) return onnx_i64({}, {i, 1});
    if (const auto* f = std::get_if<float>(&a.value)) return onnx_f32({}, {f, 1});
    if (const auto* v = std::get_if<std::vector<int64_t>>(&a.value))
      return onnx_i64({int64_t(v->size())}, *v);
    if (const auto* v = std::get_if<std::vector<float>>(&a.value))
      return onnx_f32({int64_t(v->size())}, *v);
  }
  return std::nullopt;
}

std::optional<OnnxTensor> filled(const OnnxNode& n, const OnnxTensor& shape) {
  constexpr int64_t kMost = 1 << 24;
  const OnnxAttribute* a = n.find("value");
  const OnnxTensor* value = a ? std::get_if<OnnxTensor>(&a->value) : nullptr;
  const float zero = 0;
  OnnxTensor out{value ? value->type : OnnxType::kF32, wholes(shape), {}};
  int64_t count = 1;
  for (const int64_t d : out.dims)
    if (d < 0 || __builtin_mul_overflow(count, d, &count) || count > kMost) return std::nullopt;
  const auto one = value ? value->data : onnx_f32({}, {&zero, 1}).data;
  for (int64_t i = 0; i < count; ++i) out.data.insert(out.data.end(), one.begin(), one.end());
  return out;
}

std::optional<OnnxTensor> arithmetic(const std::string& op, const OnnxTensor& a,
                                     const OnnxTensor& b) {
  const std::vector<int64_t> x = wholes(a), y = wholes(b);
  if (x.size() != y.size() && x.size() != 1 && y.size() != 1) return std::nullopt;
  const size_t n = std::max(x.size(), y.size());
  std::vector<int64_t> out;
  for (size_t i = 0; i < n; ++i) {
    const int64_t u = x[x.size() == 1 ? 0 : i], v = y[y.size() == 1 ? 0 : i];
    int64_t z = 0;
    if (op == "Add" && __builtin_add_overflow(u, v, &z)) return std::nullopt;
    if (op == "Sub" && __builtin_sub_overflow(u, v, &z)) return std::nullopt;
    if (op == "Mul" && __builtin_mul_overflow(u, v, &z)) return std::nullopt;
    if (op == "Div") {
      if (v == 0 || v == -1) return std::nullopt;
      z = u / v;
    }
    out.push_back(z);
  }
  const bool scalar = a.dims.empty() && b.dims.empty();
  return onnx_i64(scalar ? std::vector<int64_t>() : std::vector{int64_t(n)}, out);
}

std::optional<OnnxTensor> gather(const OnnxTensor& from, const OnnxTensor& at) {
  const std::vector<int64_t> x = wholes(from);
  std::vector<int64_t> out;
  for (int64_t i : wholes(at)) {
    if (i < 0) i += int64_t(x.size());
    if (i < 0 || i >= int64_t(x.size())) return std::nullopt;
    out.push_back(x[size_t(i)]);
  }
  return onnx_i64(at.dims, out);
}

std::optional<OnnxTensor> slice(const OnnxNode& n, const Inputs& in, int64_t opset) {
  const std::vector<int64_t> x = wholes(*in[0]);
  const auto size = int64_t(x.size());
  const auto bound = [&](const char* name, size_t i) -> std::optional<int64_t> {
    if (opset >= 10) {
      if (i >= in.size() || !in[i] || in[i]->count() != 1) return std::nullopt;
      return wholes(*in[i])[0];
    }
    const OnnxAttribute* a = n.find(name);
    const auto* v = a ? std::get_if<std::vector<int64_t>>(&a->value) : nullptr;
    return v && v->size() == 1 ? std::optional(v->front()) : std::nullopt;
  };
  const auto begin = bound("starts", 1), end = bound("ends", 2);
  if (!begin || !end || in.size() > 4) return std::nullopt;
  const auto place = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const int64_t from = place(*begin), to = std::max(from, place(*end));
  return onnx_i64({to - from}, std::vector<int64_t>(x.begin() + from, x.begin() + to));
}
}  // namespace

std::optional<OnnxTensor> fold_onnx(const OnnxNode& n, const Inputs& in, int64_t opset) {
  if (n.op == "Constant") return constant(n);
  if (n.op == "Identity" && in.size() == 1 && in[0]) return *in[0];
  if (in.empty() || !in[0] || !all_whole(in)) return std::nullopt;
  const OnnxTensor& x = *in[0];
  if (n.op == "ConstantOfShape") return filled(n, x);
  if (n.op == "Gather" && in.size() == 2) return gather(x, *in[1]);
  if (n.op == "Slice") return slice(n, in, opset);
  if (n.op == "Cast") {
    const OnnxAttribute* to = n.find("to");
    const auto* type = to ? std::get_if<int64_t>(&to->value) : nullptr;
    return type && *type == 7 ? std::optional(x) : std::nullopt;
  }
  if (n.op == "Unsqueeze" && x.dims.empty()) return onnx_i64({1}, wholes(x));
  if (n.op == "Squeeze" && x.count() == 1) return onnx_i64({}, wholes(x));
  if (n.op == "Concat") {
    std::vector<int64_t> all;
    for (const OnnxTensor* t : in) {
      const std::vector<int64_t> v = wholes(*t);
      all.insert(all.end(), v.begin(), v.end());
    }
    return onnx_i64({int64_t(all.size())}, all);
  }
  const bool sums = n.op == "Add" || n.op == "Sub" || n.op == "Mul" || n.op == "Div";
  return sums && in.size() == 2 ? arithmetic(n.op, x, *in[1]) : std::nullopt;
}
}  // namespace cambium
