// From OnnxModel, through protobuf, to the bytes of a file.
#include <bit>
#include <cmath>
#include <limits>

#include "graph/onnx/model.h"
#include "graph/onnx/proto.h"

namespace cambium {
#ifndef CAMBIUM_ONNX
void require_onnx() {
  throw UserError("this program was built without ONNX",
                  "install libonnx-dev and libprotobuf-dev, configure again and build");
}

std::string onnx_bytes(const OnnxModel&) {
  require_onnx();
  return {};
}

std::string onnx_tensor_bytes(const std::string&, const OnnxTensor&) {
  require_onnx();
  return {};
}
#else
namespace {
static_assert(std::endian::native == std::endian::little, "the format's raw data is little-endian");

void write_tensor(const OnnxTensor& from, const std::string& name, onnx::TensorProto& to) {
  to.set_name(name);
  to.set_data_type(int(from.type));
  for (const int64_t d : from.dims) to.add_dims(d);
  to.set_raw_data(from.data.data(), from.data.size());
}

void write_graph(const OnnxGraph& from, onnx::GraphProto& to);

struct AttributeWriter {
  onnx::AttributeProto& to;

  void operator()(int64_t v) const {
    to.set_type(onnx::AttributeProto::INT);
    to.set_i(v);
  }

  void operator()(float v) const {
    to.set_type(onnx::AttributeProto::FLOAT);
    to.set_f(v);
  }

  void operator()(const std::string& v) const {
    to.set_type(onnx::AttributeProto::STRING);
    to.set_s(v);
  }

  void operator()(const std::vector<int64_t>& v) const {
    to.set_type(onnx::AttributeProto::INTS);
    for (const int64_t x : v) to.add_ints(x);
  }

  void operator()(const std::vector<float>& v) const {
    to.set_type(onnx::AttributeProto::FLOATS);
    for (const float x : v) to.add_floats(x);
  }

  void operator()(const std::vector<std::string>& v) const {
    to.set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& x : v) to.add_strings(x);
  }

  void operator()(const OnnxTensor& v) const {
    to.set_type(onnx::AttributeProto::TENSOR);
    write_tensor(v, "", *to.mutable_t());
  }

  void operator()(const std::shared_ptr<OnnxGraph>& v) const {
    to.set_type(onnx::AttributeProto::GRAPH);
    write_graph(*v, *to.mutable_g());
  }
};

void write_port(const OnnxPort& from, onnx::ValueInfoProto& to) {
  to.set_name(from.name);
  auto& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(int(from.type));
  if (!from.ranked) return;
  auto& shape = *type.mutable_shape();
  for (const OnnxDim& d : from.dims) {
    auto& dim = *shape.add_dim();
    if (d.extent >= 0)
      dim.set_dim_value(d.extent);
    else if (!d.name.empty())
      dim.set_dim_param(d.name);
  }
}

void write_graph(const OnnxGraph& from, onnx::GraphProto& to) {
  to.set_name(from.name);
  for (const OnnxPort& p : from.inputs) write_port(p, *to.add_input());
  for (const OnnxPort& p : from.outputs) write_port(p, *to.add_output());
  for (const auto& [name, tensor] : from.tensors) write_tensor(tensor, name, *to.add_initializer());
  for (const OnnxNode& n : from.nodes) {
    onnx::NodeProto& node = *to.add_node();
    node.set_op_type(n.op);
    node.set_name(n.name);
    for (const std::string& in : n.in) node.add_input(in);
    for (const std::string& out : n.out) node.add_output(out);
    for (const OnnxAttribute& a : n.attributes) {
      onnx::AttributeProto& attribute = *node.add_attribute();
      attribute.set_name(a.name);
      std::visit(AttributeWriter{attribute}, a.value);
    }
  }
}

}  // namespace

void require_onnx() {}

std::string onnx_tensor_bytes(const std::string& name, const OnnxTensor& tensor) {
  onnx::TensorProto to;
  write_tensor(tensor, name, to);
  std::string out;
  ensure(to.SerializeToString(&out), "protobuf did not write the tensor");
  return out;
}

std::string onnx_bytes(const OnnxModel& model) {
  double bytes = 0;
  for (const auto& [name, tensor] : model.graph.tensors) bytes += double(tensor.data.size());
  if (bytes > 2e9)
    throw UserError(str("the model's tensors take ", std::lround(bytes / 1e6),
                        " MB, and a file of this format holds less than 2147"),
                    "export a smaller model");
  onnx::ModelProto to;
  to.set_ir_version(8);
  to.set_producer_name(model.producer);
  to.set_doc_string(model.doc);
  to.add_opset_import()->set_version(model.opset);
  for (const auto& [key, value] : model.notes) {
    auto& note = *to.add_metadata_props();
    note.set_key(key);
    note.set_value(value);
  }
  write_graph(model.graph, *to.mutable_graph());
  std::string out;
  ensure(to.SerializeToString(&out), "protobuf did not write the model");
  return out;
}

#endif
}  // namespace cambium
