#include "graph/onnx/use.h"

#include <algorithm>
#include <limits>

namespace cambium {
OnnxUse::OnnxUse(OnnxWriter& writer, std::vector<Graph>& traces, int node)
    : writer_(writer), node_(node), at_(&traces.front().node(node)) {
  for (Graph& g : traces) {
    in_.push_back(g.inputs_of(node));
    out_.push_back(g.outputs_of(node));
  }
  for (size_t k = 0; k < traces.size(); ++k)
    calls_.push_back(Call{in_[k], traces[k].node(node).attrs, out_[k]});
}

std::string OnnxUse::in(int i) const {
  if (!has(i)) return {};
  const auto found = writer_.names.find(port_of(call().in[size_t(i)]));
  if (found == writer_.names.end())
    refuse(str("its input ", i, " is a value that no ONNX operator gives"));
  return found->second;
}

OnnxEdges& OnnxUse::edges(int i, bool self_loops) {
  const auto found = writer_.edges.find(port_of(call().in[size_t(i)]));
  ensure(found != writer_.edges.end(), "input ", i, " of ", at_->kind(), " is no graph");
  OnnxEdges& e = found->second;
  if (self_loops && e.looped_source.empty()) {
    // Edges i -> i that are there already go, then every node gets one.
    const std::string other =
        squeeze(op("NonZero", {op("Not", {op("Equal", {e.source, e.target})})}), {0});
    const std::string all = range(e.nodes);
    const auto with = [&](const std::string& end) {
      return op("Concat", {op("Gather", {end, other}), all}, {{"axis", int64_t{0}}});
    };
    e.looped_source = with(e.source);
    e.looped_target = with(e.target);
  }
  return e;
}

ArgValue OnnxUse::option(std::string_view name) const {
  const std::optional<ArgValue> v = at_->attrs.find(name);
  ensure(v.has_value(), at_->kind(), " has no option ", name);
  return *v;
}

bool OnnxUse::flag(std::string_view name) const {
  return std::get<bool>(option(name).variant());
}

double OnnxUse::number(std::string_view name) const {
  return std::get<double>(option(name).variant());
}

int64_t OnnxUse::whole(std::string_view name) const {
  return std::get<int64_t>(option(name).variant());
}

std::string OnnxUse::word(std::string_view name) const {
  return std::get<std::string>(option(name).variant());
}

std::vector<int64_t> OnnxUse::list(std::string_view name) const {
  return std::get<std::vector<int64_t>>(option(name).variant());
}

OnnxSize OnnxUse::size(const std::function<int64_t(const Call&)>& f) const {
  OnnxSize s;
  for (const Call& c : calls_) s.push_back(f(c));
  return s;
}

OnnxSize OnnxUse::dim(int i, int axis) const {
  return size([&](const Call& c) { return c.shape(i)[axis]; });
}

OnnxSize OnnxUse::out_dim(int axis, int k) const {
  return size([&](const Call& c) { return c.out_shape(k)[axis]; });
}

std::vector<OnnxSize> OnnxUse::out_dims(int k) const {
  std::vector<OnnxSize> dims;
  for (int i = 0; i < call().out_shape(k).rank(); ++i) dims.push_back(out_dim(i, k));
  return dims;
}

std::string OnnxUse::shape_of(const std::vector<OnnxSize>& dims) {
  std::vector<int64_t> fixed;
  std::vector<std::string> parts;
  const auto flush = [&] {
    if (!fixed.empty()) parts.push_back(i64s(fixed));
    fixed.clear();
  };
  for (const OnnxSize& d : dims) {
    if (is_fixed(d)) {
      fixed.push_back(d.front());
      continue;
    }
    flush();
    parts.push_back(size_of(d));
  }
  flush();
  if (parts.empty()) return i64s({});
  if (parts.size() == 1) return parts.front();
  return op("Concat", parts, {{"axis", int64_t{0}}});
}

std::string OnnxUse::op(const std::string& name, std::vector<std::string> in,
                        std::vector<OnnxAttribute> attributes) {
  return writer_.emit(name, std::move(in), std::move(attributes), 1).front();
}

std::vector<std::string> OnnxUse::ops(const std::string& name, std::vector<std::string> in,
                                      std::vector<OnnxAttribute> attributes, int outputs) {
  return writer_.emit(name, std::move(in), std::move(attributes), outputs);
}

std::string OnnxUse::f32(double value) {
  const float v = float(value);
  return writer_.constant(onnx_f32({}, {&v, 1}));
}

std::string OnnxUse::i64(int64_t value) {
  return i64s({value});
}

std::string OnnxUse::i64s(const std::vector<int64_t>& values) {
  return writer_.constant(onnx_i64({int64_t(values.size())}, values));
}

std::string OnnxUse::reshape(const std::string& x, const std::vector<OnnxSize>& dims) {
  // One open extent may be told by the others.
  std::vector<OnnxSize> to = dims;
  const auto open = [](const OnnxSize& s) { return !is_fixed(s); };
  if (std::ranges::count_if(to, open) == 1) {
    const bool empty =
        std::ranges::any_of(to, [](const OnnxSize& s) { return is_fixed(s) && s.front() == 0; });
    if (!empty) *std::ranges::find_if(to, open) = constant_size(-1);
  }
  return op("Reshape", {x, shape_of(to)});
}

std::string OnnxUse::unsqueeze(const std::string& x, std::vector<int64_t> axes) {
  return op("Unsqueeze", {x, i64s(axes)});
}

std::string OnnxUse::squeeze(const std::string& x, std::vector<int64_t> axes) {
  return op("Squeeze", {x, i64s(axes)});
}

std::string OnnxUse::transpose(const std::string& x, std::vector<int64_t> perm) {
  return op("Transpose", {x}, {{"perm", std::move(perm)}});
}

std::string OnnxUse::slice(const std::string& x, int64_t axis, int64_t begin, int64_t end) {
  return op("Slice", {x, i64(begin), i64(end), i64(axis)});
}

std::string OnnxUse::einsum(const std::string& equation, std::vector<std::string> in) {
  return op("Einsum", std::move(in), {{"equation", equation}});
}

std::string OnnxUse::sum(const std::string& x, std::vector<int64_t> axes, bool keep) {
  return op("ReduceSum", {x, i64s(axes)}, {{"keepdims", int64_t{keep}}});
}

std::string OnnxUse::mean(const std::string& x, std::vector<int64_t> axes, bool keep) {
  return op("ReduceMean", {x}, {{"axes", std::move(axes)}, {"keepdims", int64_t{keep}}});
}

std::string OnnxUse::range(const std::string& count) {
  const int64_t zero = 0, one = 1;
  return op("Range", {writer_.constant(onnx_i64({}, {&zero, 1})), squeeze(count, {0}),
                      writer_.constant(onnx_i64({}, {&one, 1}))});
}

std::string OnnxUse::zeros(const std::vector<OnnxSize>& dims) {
  return op("Expand", {f32(0), shape_of(dims)});
}

std::vector<std::string> OnnxUse::scan(
    const std::vector<std::string>& states, const std::vector<std::string>& slices, bool reverse,
    const std::function<OnnxStep(const std::vector<std::string>&, const std::vector<std::string>&)>&
        body) {
  auto inner = std::make_shared<OnnxGraph>();
  inner->name = writer_.free_name("step");
  std::vector<std::string> now, piece;
  for (size_t i = 0; i < states.size() + slices.size(); ++i) {
    const std::string name = writer_.free_name(i < states.size() ? "state" : "piece");
    (i < states.size() ? now : piece).push_back(name);
    inner->inputs.push_back({name, OnnxType::kF32, {}, false});
  }
  std::vector<OnnxNode>* const outer = std::exchange(writer_.into, &inner->nodes);
  const OnnxStep step = body(now, piece);
  const auto give = [&](const std::string& name) {  // an output must be a node's own
    inner->outputs.push_back({op("Identity", {name}), OnnxType::kF32, {}, false});
  };
  for (const std::string& s : step.states) give(s);
  for (const std::string& s : step.kept) give(s);
  writer_.into = outer;
  std::vector<std::string> in = states;
  in.insert(in.end(), slices.begin(), slices.end());
  const std::vector<int64_t> in_ways(slices.size(), reverse), out_ways(step.kept.size(), reverse);
  return ops("Scan", in,
             {{"body", inner},
              {"num_scan_inputs", int64_t(slices.size())},
              {"scan_input_directions", in_ways},
              {"scan_output_directions", out_ways}},
             int(step.states.size() + step.kept.size()));
}

void OnnxUse::out(int k, const std::string& name) {
  writer_.names[Port{node_, k}] = name;
  for (int i = 0; i < call().out_shape(k).rank(); ++i) writer_.note_size(out_dim(i, k), name, i);
}

void OnnxUse::out_edges(OnnxEdges edges) {
  writer_.edges[Port{node_, 0}] = std::move(edges);
}

void OnnxUse::refuse(const std::string& reason) const {
  const std::string& path = at_->scope.path;
  throw UserError(str(at_->kind(), path.empty() ? "" : " of '" + path + "'",
                      " cannot be said in ONNX: ", reason),
                  "leave the block out, or use another one", at_->scope.mark);
}
}  // namespace cambium
