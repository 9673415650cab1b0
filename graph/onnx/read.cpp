// From the bytes of a file, through protobuf, to OnnxModel.
#include <limits>

#include "graph/onnx/model.h"
#include "graph/onnx/proto.h"

namespace cambium {
#ifdef CAMBIUM_ONNX
namespace {
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  OnnxTensor tensor(const onnx::TensorProto& from) const;
  void graph(const onnx::GraphProto& from, OnnxGraph& to, int depth) const;

  [[noreturn]] void refuse(const std::string& what) const {
    throw UserError(str(path_, ": ", what), "export it again, or download it again");
  }

 private:
  OnnxPort port(const onnx::ValueInfoProto& from) const;
  OnnxAttribute attribute(const onnx::AttributeProto& from, int depth) const;

  const std::string& path_;
};

int64_t bytes_of(OnnxType type) {
  switch (type) {
    case OnnxType::kF32:
    case OnnxType::kI32:
      return 4;
    case OnnxType::kI64:
    case OnnxType::kF64:
      return 8;
    case OnnxType::kF16:
      return 2;
    case OnnxType::kU8:
    case OnnxType::kI8:
    case OnnxType::kBool:
      return 1;
    default:
      return 0;
  }
}

template <class T, class From> void append_as(const From& from, std::vector<std::byte>& to) {
  to.reserve(size_t(from.size()) * sizeof(T));
  for (const auto x : from) {
    const T value = static_cast<T>(x);
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    to.insert(to.end(), bytes, bytes + sizeof value);
  }
}

OnnxTensor Reader::tensor(const onnx::TensorProto& from) const {
  OnnxTensor t;
  t.type = OnnxType(from.data_type());
  const std::string what = str("tensor '", from.name(), "'");
  if (from.data_location() == onnx::TensorProto::EXTERNAL)
    refuse(what + " lies in another file, which is not read here");
  if (t.type == OnnxType::kText) return t;
  const int64_t width = bytes_of(t.type);
  if (width == 0) refuse(str(what, " has ", name_of(t.type), ", which is not read here"));
  int64_t count = 1;
  for (const int64_t d : from.dims()) {
    if (d < 0 || __builtin_mul_overflow(count, d, &count) || count > (int64_t{1} << 40))
      refuse(what + " has impossible extents");
    t.dims.push_back(d);
  }
  if (from.has_raw_data()) {
    const auto* bytes = reinterpret_cast<const std::byte*>(from.raw_data().data());
    t.data.assign(bytes, bytes + from.raw_data().size());
  } else if (t.type == OnnxType::kF32) {
    append_as<float>(from.float_data(), t.data);
  } else if (t.type == OnnxType::kF64) {
    append_as<double>(from.double_data(), t.data);
  } else if (t.type == OnnxType::kI64) {
    append_as<int64_t>(from.int64_data(), t.data);
  } else if (t.type == OnnxType::kI32) {
    append_as<int32_t>(from.int32_data(), t.data);
  } else if (t.type == OnnxType::kF16) {
    append_as<uint16_t>(from.int32_data(), t.data);
  } else {
    append_as<uint8_t>(from.int32_data(), t.data);
  }
  if (int64_t(t.data.size()) != count * width)
    refuse(str(what, " has ", t.data.size(), " bytes, its extents want ", count * width));
  return t;
}

OnnxPort Reader::port(const onnx::ValueInfoProto& from) const {
  OnnxPort p{from.name(), OnnxType(from.type().tensor_type().elem_type()), {}};
  p.ranked = from.type().tensor_type().has_shape();
  for (const auto& dim : from.type().tensor_type().shape().dim()) {
    OnnxDim d;
    if (dim.has_dim_value() && dim.dim_value() > 0) d.extent = dim.dim_value();
    if (dim.has_dim_param()) d.name = dim.dim_param();
    p.dims.push_back(d);
  }
  return p;
}

OnnxAttribute Reader::attribute(const onnx::AttributeProto& from, int depth) const {
  OnnxAttribute a{from.name(), int64_t{0}};
  switch (from.type()) {
    case onnx::AttributeProto::FLOAT:
      a.value = from.f();
      break;
    case onnx::AttributeProto::INT:
      a.value = int64_t(from.i());
      break;
    case onnx::AttributeProto::STRING:
      a.value = from.s();
      break;
    case onnx::AttributeProto::INTS:
      a.value = std::vector<int64_t>(from.ints().begin(), from.ints().end());
      break;
    case onnx::AttributeProto::FLOATS:
      a.value = std::vector<float>(from.floats().begin(), from.floats().end());
      break;
    case onnx::AttributeProto::STRINGS:
      a.value = std::vector<std::string>(from.strings().begin(), from.strings().end());
      break;
    case onnx::AttributeProto::TENSOR:
      a.value = tensor(from.t());
      break;
    case onnx::AttributeProto::GRAPH: {
      auto inner = std::make_shared<OnnxGraph>();
      graph(from.g(), *inner, depth + 1);
      a.value = std::move(inner);
      break;
    }
    default:
      refuse(str("attribute '", from.name(), "' has a kind that is not read here"));
  }
  return a;
}

void Reader::graph(const onnx::GraphProto& from, OnnxGraph& to, int depth) const {
  if (depth > 16) refuse("graphs lie more than 16 deep in each other");
  to.name = from.name();
  for (const auto& p : from.input()) to.inputs.push_back(port(p));
  for (const auto& p : from.output()) to.outputs.push_back(port(p));
  for (const auto& t : from.initializer()) to.tensors.emplace_back(t.name(), tensor(t));
  if (from.sparse_initializer_size() > 0) refuse("sparse tensors are not read here");
  for (const auto& n : from.node()) {
    OnnxNode node{n.op_type(), n.name(), n.domain(), {}, {}, {}};
    node.in.assign(n.input().begin(), n.input().end());
    node.out.assign(n.output().begin(), n.output().end());
    for (const auto& a : n.attribute()) node.attributes.push_back(attribute(a, depth));
    to.nodes.push_back(std::move(node));
  }
}
}  // namespace

OnnxModel parse_onnx(std::string_view bytes, const std::string& path) {
  const Reader reader(path);
  onnx::ModelProto from;
  if (bytes.size() > size_t(std::numeric_limits<int>::max()) ||
      !from.ParseFromArray(bytes.data(), int(bytes.size())) || !from.has_graph())
    reader.refuse("this is no ONNX model");
  OnnxModel model;
  model.opset = 0;
  for (const auto& set : from.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx") model.opset = set.version();
  model.producer = from.producer_name();
  model.doc = from.doc_string();
  for (const auto& note : from.metadata_props()) model.notes.emplace_back(note.key(), note.value());
  reader.graph(from.graph(), model.graph, 0);
  return model;
}

OnnxTensor parse_onnx_tensor(std::string_view bytes, const std::string& path) {
  const Reader reader(path);
  onnx::TensorProto from;
  if (bytes.size() > size_t(std::numeric_limits<int>::max()) ||
      !from.ParseFromArray(bytes.data(), int(bytes.size())))
    reader.refuse("this is no tensor of ONNX");
  return reader.tensor(from);
}
#else
OnnxModel parse_onnx(std::string_view, const std::string&) {
  require_onnx();
  return {};
}

OnnxTensor parse_onnx_tensor(std::string_view, const std::string&) {
  require_onnx();
  return {};
}
#endif
}  // namespace cambium
