#include "graph/onnx/model.h"

#include <algorithm>

namespace cambium {
std::string name_of(OnnxType type) {
  switch (type) {
    case OnnxType::kF32:
      return "f32";
    case OnnxType::kU8:
      return "u8";
    case OnnxType::kI8:
      return "i8";
    case OnnxType::kI32:
      return "i32";
    case OnnxType::kI64:
      return "i64";
    case OnnxType::kText:
      return "text";
    case OnnxType::kBool:
      return "bool";
    case OnnxType::kF16:
      return "f16";
    case OnnxType::kF64:
      return "f64";
    case OnnxType::kNone:
      break;
  }
  return str("type ", int(type));
}

int64_t OnnxTensor::count() const {
  int64_t n = 1;
  for (const int64_t d : dims) n *= d;
  return n;
}

template <class T>
static OnnxTensor tensor_of(OnnxType type, std::vector<int64_t> dims, std::span<const T> values) {
  OnnxTensor t{type, std::move(dims), {}};
  const auto bytes = std::as_bytes(values);
  t.data.assign(bytes.begin(), bytes.end());
  return t;
}

OnnxTensor onnx_i64(std::vector<int64_t> dims, std::span<const int64_t> values) {
  return tensor_of(OnnxType::kI64, std::move(dims), values);
}

OnnxTensor onnx_f32(std::vector<int64_t> dims, std::span<const float> values) {
  return tensor_of(OnnxType::kF32, std::move(dims), values);
}

const OnnxAttribute* OnnxNode::find(std::string_view attribute) const {
  const auto at = std::ranges::find(attributes, attribute, &OnnxAttribute::name);
  return at == attributes.end() ? nullptr : &*at;
}
}  // namespace cambium
