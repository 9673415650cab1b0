#include <limits>

#include "ops/support/onnx/parts.h"
#include "ops/support/reduce.h"

namespace cambium {
static int64_t axis_of(OnnxUse& u) {
  return normalised_axis(u.whole("axis"), u.shape(0));
}

static OnnxSize option_size(OnnxUse& u, const char* name) {
  u.options_may_differ();
  return u.size([&](const Call& c) { return std::get<int64_t>(c.attrs.find(name)->variant()); });
}

void onnx_reshape(OnnxUse& u) {
  u.options_may_differ();
  u.out(0, u.reshape(u.in(0), u.out_dims()));
}

void onnx_broadcast_to(OnnxUse& u) {
  u.options_may_differ();
  u.out(0, u.op("Expand", {u.in(0), u.shape_of(u.out_dims())}));
}

void onnx_concat(OnnxUse& u) {
  std::vector<std::string> in;
  for (int i = 0; i < u.call().inputs(); ++i) in.push_back(u.in(i));
  u.out(0, u.op("Concat", in, {{"axis", axis_of(u)}}));
}

void onnx_pad(OnnxUse& u) {
  const int64_t axis = axis_of(u);
  const int rank = u.rank(0);
  std::vector<OnnxSize> pads(size_t(2 * rank), u.constant_size(0));
  pads[size_t(axis)] = option_size(u, "before");
  pads[size_t(axis + rank)] = option_size(u, "after");
  u.out(0, u.op("Pad", {u.in(0), u.shape_of(pads)}));
}

void onnx_slice(OnnxUse& u) {
  const int64_t axis = axis_of(u);
  const OnnxSize begin = option_size(u, "begin"), end = option_size(u, "end");
  const bool whole = end == u.dim(0, int(axis));
  const std::string stop = whole ? u.i64(std::numeric_limits<int64_t>::max()) : u.size_of(end);
  u.out(0, u.op("Slice", {u.in(0), u.size_of(begin), stop, u.i64(axis)}));
}

void onnx_transpose(OnnxUse& u) {
  u.out(0, u.transpose(u.in(0), u.list("perm")));
}

static std::vector<int64_t> axes_of(OnnxUse& u) {
  const std::vector<int> axes = reduced_axes(u.call());
  return {axes.begin(), axes.end()};
}

void onnx_reduce_sum(OnnxUse& u) {
  u.out(0, u.sum(u.in(0), axes_of(u), u.flag("keep")));
}

void onnx_reduce_mean(OnnxUse& u) {
  u.out(0, u.mean(u.in(0), axes_of(u), u.flag("keep")));
}

void onnx_reduce_max(OnnxUse& u) {
  u.out(0, u.op("ReduceMax", {u.in(0)},
                {{"axes", axes_of(u)}, {"keepdims", int64_t{u.flag("keep")}}}));
}

void onnx_reduce_to(OnnxUse& u) {
  u.options_may_differ();
  const std::vector<int> axes = broadcast_axes(u.call().out_shape(), u.shape(0));
  const std::string y = axes.empty() ? u.in(0) : u.sum(u.in(0), {axes.begin(), axes.end()}, true);
  u.out(0, u.reshape(y, u.out_dims()));
}
}  // namespace cambium
