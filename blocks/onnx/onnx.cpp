// A file of ONNX as a block: its operators become ours, and its tensors parameters under their own
// names. `cambium import` makes a run that holds their numbers; without, they start as usual.
#include <algorithm>
#include <cmath>

#include "blocks/block.h"
#include "blocks/onnx/support/reader.h"
#include "blocks/padding.h"
#include "core/system/files.h"

namespace cambium::block_onnx {
namespace {
struct OnnxFile {
  std::string path;
  static constexpr auto fields = std::tuple{field("path", &OnnxFile::path, "the file, model.onnx")};
};

Weight weight_of(const Shape& s) {
  if (s.rank() < 2) return {ParameterKind::kBias, s};
  // Kernels are [O,C,KY,KX], matrices [in,out].
  std::vector<int> in = {0}, out = {1};
  if (s.rank() > 2) {
    in.clear();
    for (int i = 1; i < s.rank(); ++i) in.push_back(i);
    out = {0};
  }
  const double fan =
      double(std::max<int64_t>(1, s.rank() > 2 ? s.count_between(1, s.rank()) : s[0]));
  return {ParameterKind::kMatrix, s, {Init::kUniform, 1 / std::sqrt(fan)}, in, out};
}

// Images come channels first, unless the file itself says that they come as ours do.
Value as_theirs(Builder& b, const Stream& s, const OnnxPort& port) {
  if (s.domain != Domain::kGrid || port.dims.size() != 4) return s.x;
  const auto is = [&](size_t axis, int64_t n) { return port.dims[axis].extent == n; };
  const Shape& x = s.shape();
  const bool ours = is(3, x[3]) && is(1, x[1]) && is(2, x[2]);
  const bool theirs = is(1, x[3]) && is(2, x[1]) && is(3, x[2]);
  if (ours && !theirs) return s.x;
  return b.emit("transpose", {s.x}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
}

Stream stream_of(Builder& b, Stream s, Value y, bool channels_last) {
  const int rank = y.shape().rank();
  if (y.type().dtype != DType::kF32 || rank < 2 || rank > 4)
    throw UserError(str("the file answers ", y.type(), ", and [B,C], [B,T,C] or images are taken"));
  s.domain = rank == 2 ? Domain::kVector : rank == 3 ? Domain::kTokens : Domain::kGrid;
  const bool turn = rank == 4 && !channels_last;
  s.x = turn ? b.emit("transpose", {y}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}}) : y;
  s.mask = {};
  s.rows = s.columns = 0;
  return s;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& path = use.attrs.as<OnnxFile>().path;
  if (path.empty()) throw OptionError("path", "it names no file", "path: model.onnx");
  refuse_padding(s, "the file knows of no padding", "use data without padding");
  const OnnxModel model = parse_onnx(read_file(path), path);
  const auto make = [&](const std::string& name, const OnnxTensor& t, bool trained) {
    const Shape shape(t.dims);
    if (!trained) return b.state(name, {DType::kF32, shape}, {Init::kConstant, 1});
    return b.weight(name, weight_of(shape));
  };
  OnnxReader reader(b.graph, model, make);
  const OnnxPort* port = nullptr;  // the first input that is no tensor of the file
  for (const OnnxPort& p : model.graph.inputs) {
    const bool tensor = std::ranges::count(model.graph.tensors, p.name,
                                           &std::pair<std::string, OnnxTensor>::first) > 0;
    if (!tensor && !port) port = &p;
  }
  if (!port) throw UserError(str(path, ": it has no input"));
  const Value x = as_theirs(b, s, *port);
  try {
    const std::vector<Value> y = reader.read({x});
    if (y.empty()) throw UserError("it has no output");
    return stream_of(b, s, y[0], s.domain == Domain::kGrid && x == s.x);
  } catch (const UserError& error) {
    if (!error.named) throw UserError(str(path, ": ", error.what()), error.help, error.mark);
    throw;
  }
}
}  // namespace

extern const Block block_onnx = {
    .name = "onnx",
    .family = "structure",
    .doc =
        "The operators of an ONNX file, with its tensors as parameters; `cambium import` makes a "
        "run with their numbers",
    .formula = "y = the file's first output for x",
    .paper = "",
    .attrs = fields_of<OnnxFile>,
    .primary = "path",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kVector, Domain::kIds},
    .no_width_rule = "its sizes are the file's",
    .build = build,
    .samples = {}};
}  // namespace cambium::block_onnx
