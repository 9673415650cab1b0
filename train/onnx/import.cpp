#include "train/onnx/import.h"

#include <algorithm>
#include <set>

#include "blocks/onnx/support/reader.h"
#include "blocks/stream.h"
#include "core/system/files.h"
#include "core/yaml/yaml.h"
#include "ops/ops.h"
#include "train/onnx/chain.h"

namespace cambium {
namespace {
// A path as YAML takes it.
std::string quoted_path(const std::string& path) {
  Yaml y;
  y.kind = Yaml::kScalar;
  y.text = path;
  y.quoted = true;
  const std::string line = to_yaml(y);
  return line.substr(0, line.size() - 1);
}

struct Taken {
  OnnxPort input;
  Domain domain;
  Shape ours;  // of one example, batch 1
  bool turned = false;
};

OnnxPort input_of_file(const OnnxModel& m, const std::string& path) {
  std::set<std::string> tensors;
  for (const auto& [name, t] : m.graph.tensors) tensors.insert(name);
  std::vector<OnnxPort> free;
  for (const OnnxPort& p : m.graph.inputs)
    if (!tensors.contains(p.name)) free.push_back(p);
  if (free.size() == 1) return free[0];
  std::string names;
  for (const OnnxPort& p : free) names += str(names.empty() ? "" : ", ", "'", p.name, "'");
  throw UserError(str(path, ": it takes ", free.size(), " inputs", names.empty() ? "" : ": ", names,
                      "; one is read as a model"));
}

// Open extents but the batch are taken as `open`: a length that the file leaves free.
Taken taken_by(const OnnxModel& m, const std::string& path) {
  constexpr int64_t kOpen = 16;
  Taken t{input_of_file(m, path), Domain::kVector, {}};
  std::vector<int64_t> dims;
  for (const OnnxDim& d : t.input.dims) dims.push_back(d.extent > 0 ? d.extent : kOpen);
  if (dims.empty()) throw UserError(str(path, ": its input has no batch"));
  dims[0] = 1;
  const bool whole = t.input.type == OnnxType::kI64 || t.input.type == OnnxType::kI32;
  if (dims.size() == 4 && !whole) {
    t.domain = Domain::kGrid;
    // Files of ours say channels last.
    t.turned = m.producer != "cambium";
    if (t.turned) dims = {1, dims[2], dims[3], dims[1]};
  } else if (dims.size() == 2 && whole) {
    t.domain = Domain::kIds;
  } else {
    throw UserError(str(path, ": its input '", t.input.name, "' has rank ", dims.size(),
                        " and holds ", name_of(t.input.type)),
                    "pictures [B,C,Y,X] and token ids [B,T] make a run; others are read by the "
                    "block `onnx: {path: ...}` inside a spec of yours");
  }
  t.ours = Shape(dims);
  return t;
}

// The graph on one example, and the tensors that it takes from the file.
struct Read {
  Shape output;
  std::vector<std::string> weights;
};

Read read_once(const OnnxModel& m, const Taken& t) {
  Graph g(builtin_ops());
  Read out;
  const DType type = t.domain == Domain::kIds ? DType::kI32 : DType::kF32;
  Value x = g.input("x", {type, t.ours});
  if (t.turned) x = g.emit("transpose", {x}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
  OnnxReader reader(g, m, [&](const std::string& name, const OnnxTensor& tensor, bool) {
    out.weights.push_back(name);
    return g.parameter(name, Shape(tensor.dims), {});
  });
  out.output = reader.read({x}).at(0).shape();
  return out;
}

std::string data_of(const Taken& t, const Shape& out) {
  const Shape& s = t.ours;
  if (t.domain == Domain::kGrid)
    return str("random_images: {height: ", s[1], ", width: ", s[2], ", channels: ", s[3],
               ", classes: ", out.last(), "}");
  const bool next = out.rank() == 3;
  return str("random_tokens: {context: ", s[1], ", vocab: ", next ? out.last() : 2,
             next ? "" : str(", classes: ", out.last()), "}");
}
}  // namespace

ImportedModel import_onnx(const std::string& path) {
  const OnnxModel m = parse_onnx(read_file(path), path);
  const Taken t = taken_by(m, path);
  Read read;
  try {
    read = read_once(m, t);
  } catch (const UserError& error) {
    throw UserError(str(path, ": ", error.what()), error.help);
  }
  ImportedModel out;
  std::string blocks;
  OnnxChain chain;
  if (t.domain == Domain::kGrid && t.turned)
    chain = chain_of(m, t.input.name, {1, t.ours[3], t.ours[1], t.ours[2]});
  else
    chain.stopped = "it takes no pictures";
  if (chain.stopped.empty()) {
    for (const std::string& entry : chain.blocks) blocks += str("  - ", entry, "\n");
    out.tensors = std::move(chain.tensors);
  } else {
    blocks = str("  - onnx: {path: ", quoted_path(path), "}\n");
    for (const auto& [name, tensor] : m.graph.tensors) {
      if (!std::ranges::count(read.weights, name)) continue;
      Tensor made(DType::kF32, Shape(tensor.dims));
      std::ranges::copy(tensor.as<float>(), made.f32().begin());
      out.tensors.emplace("onnx." + name, std::move(made));
    }
  }
  int64_t parameters = 0;
  for (const auto& [name, tensor] : out.tensors) parameters += tensor.count();
  out.spec = str("# Imported from a file of ONNX. The data is noise of its shape: put your own.\n",
                 "data:\n  ", data_of(t, read.output), "\nmodel:\n", blocks,
                 "train: {optimizer: {adamw: {lr: 1e-4}}, batch: 8, steps: 100}\n");
  out.summary =
      str("an ONNX model of opset ", m.opset, ", ", m.graph.nodes.size(), " operators, ",
          parameters, " parameters, as ",
          chain.stopped.empty() ? "blocks of ours" : "one block `onnx` (" + chain.stopped + ")");
  return out;
}
}  // namespace cambium
