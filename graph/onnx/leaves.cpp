// What a walk makes of constants, and of graphs that are padded.
#include "graph/onnx/walk.h"

namespace cambium {
namespace {
OnnxTensor tensor_of(const Tensor& t) {
  const std::span<const int64_t> dims = t.shape().dims();
  const std::vector<int64_t> extents(dims.begin(), dims.end());
  switch (t.type().dtype) {
    case DType::kF32:
      return onnx_f32(extents, t.f32());
    case DType::kI64:
      return onnx_i64(extents, t.i64());
    case DType::kI32: {
      const std::vector<int64_t> wide(t.i32().begin(), t.i32().end());
      return onnx_i64(extents, wide);
    }
    default:
      throw InternalError(str("a constant of ", name_of(t.type().dtype)));
  }
}

bool equal(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && std::ranges::equal(a.raw(), b.raw());
}

// Whether all bytes of `whole` are those of `piece` again and again.
bool repeats(const Tensor& whole, const Tensor& piece, int64_t bytes) {
  const auto w = whole.raw(), p = piece.raw();
  if (bytes <= 0 || int64_t(w.size()) % bytes != 0 || int64_t(p.size()) < bytes) return false;
  for (size_t i = 0; i < w.size(); ++i)
    if (w[i] != p[i % size_t(bytes)]) return false;
  return true;
}

// Whether `part` is what `whole` holds from `begin` on along the axis.
bool is_part(const Tensor& part, const Tensor& whole, int axis, int64_t begin) {
  const Shape& s = part.shape();
  const int64_t outer = s.count_between(0, axis), width = size_of(part.type().dtype);
  const int64_t inner = s.count_between(axis + 1, s.rank()) * width;
  const int64_t step = whole.shape()[axis] * inner, row = s[axis] * inner;
  for (int64_t i = 0; i < outer; ++i)
    if (!std::ranges::equal(part.raw().subspan(size_t(i * row), size_t(row)),
                            whole.raw().subspan(size_t(i * step + begin * inner), size_t(row))))
      return false;
  return true;
}
}  // namespace

// A constant that is not the same in all traces: one number everywhere, the same rows for each of
// the batch, or a part of the longest.
void Walk::constant(int id) {
  const Node& n = node(id);
  const Port p{id, 0};
  if (n.outputs[0].dtype == DType::kAdjacency) return edges_of_constant(id);
  const Tensor& first = *n.constant;
  const bool same = std::ranges::all_of(
      traces_, [&](const Graph& g) { return equal(*g.node(id).constant, first); });
  if (same) return name(p, w_.constant(tensor_of(first)));
  std::string as = filled_constant(id);
  if (as.empty()) as = tiled_constant(id);
  if (as.empty()) as = part_of_constant(id);
  if (as.empty()) throw differs(n, "holds numbers that change");
  name(p, as);
}

bool Walk::repeats_in_all(int id, int64_t bytes) const {
  const Tensor& first = *node(id).constant;
  return std::ranges::all_of(
      traces_, [&](const Graph& g) { return repeats(*g.node(id).constant, first, bytes); });
}

std::string Walk::filled_constant(int id) {
  const Tensor& first = *node(id).constant;
  if (!repeats_in_all(id, size_of(first.type().dtype))) return {};
  std::vector<std::string> parts;
  for (int i = 0; i < first.shape().rank(); ++i) parts.push_back(w_.size(extent({id, 0}, i)));
  const std::string shape =
      parts.size() == 1 ? parts[0] : emit("Concat", parts, {{"axis", int64_t{0}}});
  const OnnxTensor t = tensor_of(first);
  const int64_t width = t.type == OnnxType::kF32 ? 4 : 8;
  const OnnxTensor one{t.type, {}, {t.data.begin(), t.data.begin() + width}};
  return emit("Expand", {w_.constant(one), shape});
}

std::string Walk::tiled_constant(int id) {
  const Tensor& first = *node(id).constant;
  const Shape& s = first.shape();
  for (const auto& [what, size] : open_) {
    if (what != "batch" || s.rank() == 0 || s[0] % size.front() != 0) continue;
    const int64_t rows = s[0] / size.front();
    if (!repeats_in_all(id, rows * first.bytes() / std::max<int64_t>(1, s[0]))) continue;
    OnnxTensor one = tensor_of(first);
    one.dims[0] = rows;
    one.data.resize(one.data.size() / size_t(size.front()));
    std::vector<std::string> times = {w_.size(size)};
    for (int i = 1; i < s.rank(); ++i) times.push_back(i64(1));
    const std::string all =
        times.size() == 1 ? times[0] : emit("Concat", times, {{"axis", int64_t{0}}});
    return emit("Tile", {w_.constant(one), all});
  }
  return {};
}

// The beginning of the longest, as of tables of places, or its middle, as of tables of distances.
std::string Walk::part_of_constant(int id) {
  const Port p{id, 0};
  int axis = -1;
  for (int i = 0; i < node(id).constant->shape().rank(); ++i) {
    if (is_fixed(extent(p, i))) continue;
    if (axis >= 0) return {};
    axis = i;
  }
  if (axis < 0) return {};
  const Tensor* longest = node(id).constant.get();
  for (const Graph& g : traces_)
    if (g.node(id).constant->count() > longest->count()) longest = g.node(id).constant.get();
  for (const bool middle : {false, true}) {
    const bool fits = std::ranges::all_of(traces_, [&](const Graph& g) {
      const Tensor& part = *g.node(id).constant;
      const int64_t rest = longest->shape()[axis] - part.shape()[axis];
      return (!middle || rest % 2 == 0) && is_part(part, *longest, axis, middle ? rest / 2 : 0);
    });
    if (!fits) continue;
    const std::string length = w_.size(extent(p, axis));
    std::string begin = i64(0), end = length;
    if (middle) {
      begin = emit("Div", {emit("Sub", {i64(longest->shape()[axis]), length}), i64(2)});
      end = emit("Add", {begin, length});
    }
    return emit("Slice", {w_.constant(tensor_of(*longest)), begin, end, i64(axis)});
  }
  return {};
}

// Equal graphs side by side: those of one, moved on by its nodes for each.
void Walk::edges_of_constant(int id) {
  const Node& n = node(id);
  const Adjacency& a = n.adjacency->get();
  OnnxSize copies;
  for (const auto& [what, size] : open_)
    if (what == "batch") copies = size;
  std::vector<int64_t> source, target;
  const bool alike = std::ranges::all_of(
      traces_, [&](const Graph& g) { return g.node(id).adjacency->nodes() == a.nodes; });
  const int64_t of = alike ? 1 : copies.empty() ? 0 : copies.front();
  if (of == 0 || a.nodes % of != 0 || a.edges % of != 0)
    throw differs(n, "holds edges that change");
  const int64_t nodes = a.nodes / of, edges = a.edges / of;
  for (size_t k = 0; k < traces_.size(); ++k) {
    const Adjacency& other = node(id, k).adjacency->get();
    const int64_t times = alike ? 1 : copies[k];
    if (other.nodes != nodes * times || other.edges != edges * times)
      throw differs(n, "holds edges that change");
  }
  for (int64_t i = 0; i < nodes; ++i)
    for (int32_t e = a.in.begin[size_t(i)]; e < a.in.begin[size_t(i) + 1]; ++e) {
      source.push_back(a.in.neighbour[size_t(e)]);
      target.push_back(i);
    }
  OnnxEdges out;
  out.source = w_.constant(onnx_i64({edges}, source));
  out.target = w_.constant(onnx_i64({edges}, target));
  out.nodes = w_.size(extent({id, 0}, 0));
  if (!alike) {
    const int64_t zero = 0, one = 1;
    const std::string count = emit("Squeeze", {w_.size(copies), i64(0)});
    const std::string each = emit("Range", {w_.constant(onnx_i64({}, {&zero, 1})), count,
                                            w_.constant(onnx_i64({}, {&one, 1}))});
    const std::string shift = emit("Unsqueeze", {emit("Mul", {each, i64(nodes)}), i64(1)});
    const auto moved = [&](const std::string& end) {
      return emit("Reshape", {emit("Add", {shift, end}), i64(-1)});
    };
    out.source = moved(out.source);
    out.target = moved(out.target);
  }
  w_.edges[{id, 0}] = out;
}

// Node i of graph g stands at g n + its place in g, n nodes being what the largest has, or what the
// model fixes.
void Walk::pad_graphs() {
  const std::string batch = "batch", graphs = "graphs", x = w_.names.at(x_);
  w_.graph.inputs.push_back({batch, OnnxType::kI64, {{-1, "nodes"}}});
  w_.graph.inputs.push_back({graphs, OnnxType::kI64, {{1, ""}}});
  w_.note_size(padded_->graphs, graphs, -1);
  const int64_t zero = 0;
  const float none = 0, one = 1;
  const std::string zeros = emit("Expand", {w_.constant(onnx_f32({}, {&none, 1})), graphs});
  const std::string ones =
      emit("Expand", {w_.constant(onnx_f32({}, {&one, 1})), emit("Shape", {batch})});
  const std::string index = emit("Unsqueeze", {batch, i64(1)});
  const std::string counts =
      emit("Cast", {emit("ScatterND", {zeros, index, ones}, {{"reduction", std::string("add")}})},
           {{"to", int64_t{7}}});
  const bool fixed = is_fixed(padded_->nodes);
  const std::string most =
      fixed ? i64(padded_->nodes.front()) : emit("ReduceMax", {counts}, {{"keepdims", int64_t{1}}});
  w_.note_size(padded_->nodes, most, -1);
  const std::string start = emit("CumSum", {counts, i64(0)}, {{"exclusive", int64_t{1}}});
  const std::string count = emit("Squeeze", {emit("Shape", {batch}), i64(0)});
  const int64_t step = 1;
  const std::string all = emit("Range", {w_.constant(onnx_i64({}, {&zero, 1})), count,
                                         w_.constant(onnx_i64({}, {&step, 1}))});
  const std::string inside = emit("Sub", {all, emit("Gather", {start, batch})});
  place_ = emit("Add", {emit("Mul", {batch, most}), inside});
  const std::string places = emit("Unsqueeze", {place_, i64(1)});
  const std::string total = emit("Mul", {graphs, most});
  const auto padded = [&](const std::string& values, std::vector<std::string> shape, bool whole) {
    const std::string to =
        shape.size() == 1 ? shape[0] : emit("Concat", shape, {{"axis", int64_t{0}}});
    const std::string empty = whole ? i64_scalar(0) : w_.constant(onnx_f32({}, {&none, 1}));
    return emit("ScatterND", {emit("Expand", {empty, to}), places, values});
  };
  std::vector<std::string> shape = {total};
  const ValueType& type = traces_.front().type(x_);
  for (int i = 1; i < type.shape.rank(); ++i) shape.push_back(i64(type.shape[i]));
  name(x_, padded(x, shape, type.dtype != DType::kF32));
  if (mask_.node >= 0) name(mask_, padded(ones, {total}, false));
}

}  // namespace cambium
