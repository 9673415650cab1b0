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

}  // namespace

void Walk::constant(int id) {
  const Node& n = node(id);
  const Port p{id, 0};
  if (n.outputs[0].dtype == DType::kAdjacency) return edges_of_constant(id);
  const Tensor& first = *n.constant;
  const bool same = std::ranges::all_of(
      traces_, [&](const Graph& g) { return equal(*g.node(id).constant, first); });
  const OnnxTensor t = tensor_of(first);
  if (same) {
    name(p, w_.constant(t));
    return;
  }
  const int64_t width = size_of(n.outputs[0].dtype);
  const auto all_repeat = [&](int64_t bytes) {
    return std::ranges::all_of(
        traces_, [&](const Graph& g) { return repeats(*g.node(id).constant, first, bytes); });
  };
  std::vector<std::string> parts;
  for (int i = 0; i < first.shape().rank(); ++i) parts.push_back(w_.size(extent(p, i)));
  const auto shape = [&] {
    return parts.size() == 1 ? parts[0] : emit("Concat", parts, {{"axis", int64_t{0}}});
  };
  if (all_repeat(width)) {  // one number everywhere
    OnnxTensor one{
        t.type, {}, {t.data.begin(), t.data.begin() + (t.type == OnnxType::kF32 ? 4 : 8)}};
    name(p, emit("Expand", {w_.constant(one), shape()}));
    return;
  }
  // A shorter one is the beginning of a longer one, row by row or rows again and again.
  int open = -1, count = 0;
  for (int i = 0; i < first.shape().rank(); ++i)
    if (!is_fixed(extent(p, i))) open = i, ++count;
  if (count == 0) throw differs(n, "holds numbers that change");
  if (count == 1 && open == 0) {
    const Tensor* longest = &first;
    for (const Graph& g : traces_)
      if (g.node(id).constant->count() > longest->count()) longest = g.node(id).constant.get();
    const bool prefix = std::ranges::all_of(traces_, [&](const Graph& g) {
      const auto part = g.node(id).constant->raw();
      return std::ranges::equal(part, longest->raw().first(part.size()));
    });
    const int64_t row = first.bytes() / std::max<int64_t>(1, first.shape()[0]);
    // Rows that come again with the batch: the period is what one example has.
    for (const auto& [what, size] : open_) {
      if (what != "batch" || first.shape()[0] % size.front() != 0) continue;
      const int64_t rows = first.shape()[0] / size.front();
      if (!all_repeat(rows * row)) continue;
      OnnxTensor one = t;
      one.dims[0] = rows;
      one.data.resize(one.data.size() / size_t(size.front()));
      std::vector<std::string> times = {w_.size(size)};
      for (int i = 1; i < first.shape().rank(); ++i) times.push_back(i64(1));
      name(p, emit("Tile",
                   {w_.constant(one),
                    times.size() == 1 ? times[0] : emit("Concat", times, {{"axis", int64_t{0}}})}));
      return;
    }
    if (prefix) {
      name(p, emit("Slice",
                   {w_.constant(tensor_of(*longest)), i64(0), w_.size(extent(p, 0)), i64(0)}));
      return;
    }
  }
  throw differs(n, "holds numbers that change");
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
