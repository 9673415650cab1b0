// A model in the Open Neural Network Exchange format, as plain data: what operators write when a
// graph of ours goes out, and what is read when one comes in. onnx.ai, IR version 8.
#pragma once
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"

namespace cambium {
enum class OnnxType : int {  // the numbers of the format
  kNone = 0,
  kF32 = 1,
  kU8 = 2,
  kI8 = 3,
  kI32 = 6,
  kI64 = 7,
  kText = 8,
  kBool = 9,
  kF16 = 10,
  kF64 = 11
};

std::string name_of(OnnxType type);  // "f32"; "type 14" for one without a name here

struct OnnxTensor {
  OnnxType type = OnnxType::kF32;
  std::vector<int64_t> dims;    // empty: one number
  std::vector<std::byte> data;  // row-major; bool is a byte

  int64_t count() const;

  template <class T> std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }
};

// Of whole numbers and of numbers; a scalar without dims.
OnnxTensor onnx_i64(std::vector<int64_t> dims, std::span<const int64_t> values);
OnnxTensor onnx_f32(std::vector<int64_t> dims, std::span<const float> values);

struct OnnxGraph;

struct OnnxAttribute {
  using Value = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                             std::vector<std::string>, OnnxTensor, std::shared_ptr<OnnxGraph>>;
  std::string name;
  Value value;
};

struct OnnxNode {
  std::string op, name, domain;
  std::vector<std::string> in, out;  // "": left out
  std::vector<OnnxAttribute> attributes;

  const OnnxAttribute* find(std::string_view attribute) const;
};

struct OnnxDim {
  int64_t extent = -1;  // -1: known when the model runs
  std::string name;     // of such a one
};

struct OnnxPort {  // an input or an output of a graph
  std::string name;
  OnnxType type = OnnxType::kF32;
  std::vector<OnnxDim> dims;
  bool ranked = true;  // false: it may have any rank, and `dims` say nothing
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxPort> inputs, outputs;
  std::vector<std::pair<std::string, OnnxTensor>> tensors;  // initializers
  std::vector<OnnxNode> nodes;
};

struct OnnxModel {
  int64_t opset = 17;
  std::string producer, doc;
  std::vector<std::pair<std::string, std::string>> notes;  // metadata
  OnnxGraph graph;
};

// Whether this program was built with protobuf; UserError saying what is missing when it was not.
void require_onnx();

// UserError above 2 GB, which protobuf cannot hold.
std::string onnx_bytes(const OnnxModel& model);

// One tensor alone, as the test data of ONNX is kept: test_data_set_0/input_0.pb.
std::string onnx_tensor_bytes(const std::string& name, const OnnxTensor& tensor);

// UserError with `path` for bytes that are no such model, or whose tensors are not whole.
OnnxModel parse_onnx(std::string_view bytes, const std::string& path);
OnnxTensor parse_onnx_tensor(std::string_view bytes, const std::string& path);
}  // namespace cambium
