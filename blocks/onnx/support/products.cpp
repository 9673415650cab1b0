#include <algorithm>

#include "blocks/onnx/support/reader.h"

namespace cambium {
namespace {
void gemm(OnnxReader& r) {
  const double alpha = r.attribute("alpha", 1.0), beta = r.attribute("beta", 1.0);
  Value y = r.emit("matmul", {r.value(0), r.weight(1)},
                   {{"transpose_a", r.attribute("transA", int64_t{0}) != 0},
                    {"transpose_b", r.attribute("transB", int64_t{0}) != 0}});
  if (alpha != 1) y = r.emit("scale", {y}, {{"a", alpha}});
  if (r.has(2)) {
    const Value c = r.weight(2);
    y = r.emit("add", {y, beta == 1 ? c : r.emit("scale", {c}, {{"a", beta}})});
  }
  r.out(y);
}

void matmul(OnnxReader& r) {
  Value a = r.value(0), b = r.weight(1);
  const Shape sa = a.shape(), sb = b.shape();
  if (sa.rank() < 2 || sb.rank() < 2) r.refuse("products with vectors are not read");
  if (sb.rank() == 2 && sa.rank() > 2) return r.out(r.emit("linear", {a, b}));
  const auto wide = [&](Value v, int rank) {
    std::vector<int64_t> shape(v.shape().dims().begin(), v.shape().dims().end());
    if (int(shape.size()) == rank) return v;
    while (int(shape.size()) < rank) shape.insert(shape.begin(), 1);
    return r.emit("reshape", {v}, {{"shape", shape}});
  };
  const int rank = std::max(sa.rank(), sb.rank());
  r.out(r.emit("matmul", {wide(a, rank), wide(b, rank)}));
}

// Up to opset 12 a softmax was over all axes from `axis` on.
Value softmax_of(OnnxReader& r) {
  const Value x = r.value(0);
  const int rank = x.shape().rank();
  const int64_t axis = r.axis(r.attribute("axis", int64_t{r.opset() < 13 ? 1 : -1}), rank);
  if (r.opset() >= 13 || axis == rank - 1) return r.emit("softmax", {x}, {{"axis", axis}});
  const int64_t rows = x.shape().count_between(0, int(axis));
  const int64_t rest = x.shape().count_between(int(axis), rank);
  const Value flat = r.emit("reshape", {x}, {{"shape", std::vector<int64_t>{rows, rest}}});
  const std::vector<int64_t> shape(x.shape().dims().begin(), x.shape().dims().end());
  return r.emit("reshape", {r.emit("softmax", {flat}, {{"axis", int64_t{1}}})}, {{"shape", shape}});
}

void layer_norm(OnnxReader& r) {
  const Value x = r.value(0);
  const int64_t axis = r.attribute("axis", int64_t{-1});
  if (axis != -1 && axis != x.shape().rank() - 1) r.refuse("only the last axis is normalised here");
  const Value beta = r.has(2)
                         ? r.weight(2)
                         : r.constant(onnx_f32({x.shape().last()},
                                               std::vector<float>(size_t(x.shape().last()), 0.0f)));
  r.out(r.emit("layer_norm", {x, r.weight(1), beta}, {{"eps", r.attribute("epsilon", 1e-5)}}));
}

void gather(OnnxReader& r) {
  const int64_t axis = r.attribute("axis", int64_t{0});
  if (!r.is_known(1)) {  // rows of a table by ids
    const Value t = r.weight(0), ids = r.value(1);
    if (axis != 0 || t.shape().rank() != 2 || ids.type().dtype != DType::kI32)
      r.refuse("only rows of a table [V,C] are taken by values");
    return r.out(r.emit("embed", {t, ids}));
  }
  const Value x = r.value(0);
  const std::vector<int64_t> at = r.whole(1);
  const int64_t place = r.axis(axis, x.shape().rank()), n = x.shape()[int(place)];
  if (at.size() > 1024) r.refuse("it takes more than 1024 pieces");
  r.require_within(at, -n, n - 1, "a place");
  std::vector<Value> parts;
  for (const int64_t i : at) {
    const int64_t from = i < 0 ? i + n : i;
    parts.push_back(r.emit("slice", {x}, {{"axis", place}, {"begin", from}, {"end", from + 1}}));
  }
  if (parts.empty()) r.refuse("it takes nothing");
  Value y = parts.size() == 1 ? parts[0] : r.emit("concat", parts, {{"axis", place}});
  std::vector<int64_t> shape(x.shape().dims().begin(), x.shape().dims().end());
  shape.erase(shape.begin() + place);
  shape.insert(shape.begin() + place, r.known(1).dims.begin(), r.known(1).dims.end());
  if (shape.size() > Shape::kMaxRank) r.refuse("it makes more than six axes");
  r.out(r.emit("reshape", {y}, {{"shape", shape}}));
}

constexpr OnnxRule kProductRules[] = {
    {"Gemm", gemm},
    {"MatMul", matmul},
    {"Softmax", [](OnnxReader& r) { r.out(softmax_of(r)); }},
    {"LogSoftmax", [](OnnxReader& r) { r.out(r.emit("log", {softmax_of(r)})); }},
    {"LayerNormalization", layer_norm},
    {"Gather", gather},
};
}  // namespace

std::span<const OnnxRule> onnx_product_rules() {
  return kProductRules;
}
}  // namespace cambium
