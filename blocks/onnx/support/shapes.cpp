#include <algorithm>
#include <numeric>

#include "blocks/onnx/support/reader.h"

namespace cambium {
namespace {
std::vector<int64_t> extents(const Shape& s) {
  return {s.dims().begin(), s.dims().end()};
}

// Axes that newer opsets take as an input.
std::vector<int64_t> axes_of(OnnxReader& r, int64_t since, size_t input) {
  if (r.opset() >= since) return r.has(input) ? r.whole(input) : std::vector<int64_t>();
  return r.attributes("axes");
}

void reshape(OnnxReader& r) {
  r.out(r.reshape(r.value(0), r.opset() >= 5 ? r.whole(1) : r.attributes("shape")));
}

void flatten(OnnxReader& r) {
  const Value x = r.value(0);
  const int rank = x.shape().rank();
  const int64_t named = r.attribute("axis", int64_t{1});
  const int64_t axis = named == rank ? rank : r.axis(named, rank);
  const int64_t rows = x.shape().count_between(0, int(axis));
  const int64_t rest = x.shape().count_between(int(axis), rank);
  r.out(r.emit("reshape", {x}, {{"shape", std::vector<int64_t>{rows, rest}}}));
}

void transpose(OnnxReader& r) {
  const Value x = r.value(0);
  std::vector<int64_t> perm = r.attributes("perm");
  if (perm.empty())
    for (int i = x.shape().rank() - 1; i >= 0; --i) perm.push_back(i);
  r.out(r.emit("transpose", {x}, {{"perm", perm}}));
}

void concat(OnnxReader& r) {
  std::vector<Value> in;
  for (size_t i = 0; i < r.node().in.size(); ++i) in.push_back(r.value(i));
  if (in.empty()) r.refuse("it has no inputs");
  r.out(r.emit("concat", in,
               {{"axis", r.axis(r.attribute("axis", int64_t{1}), in[0].shape().rank())}}));
}

void split(OnnxReader& r) {
  const Value x = r.value(0);
  const int64_t axis = r.axis(r.attribute("axis", int64_t{0}), x.shape().rank());
  std::vector<int64_t> sizes = r.attributes("split");
  if (sizes.empty() && r.has(1)) sizes = r.whole(1);
  const size_t parts = r.node().out.size();
  if (sizes.empty()) {
    if (parts == 0) r.refuse("it has no outputs");
    const int64_t n = x.shape()[int(axis)], each = (n + int64_t(parts) - 1) / int64_t(parts);
    for (size_t k = 0; k < parts; ++k) sizes.push_back(std::min(each, n - int64_t(k) * each));
  }
  r.require_within(sizes, 0, int64_t{1} << 31, "a size");
  if (sizes.size() != parts) r.refuse("it names as many sizes as it has outputs");
  int64_t at = 0;
  for (size_t k = 0; k < parts; ++k, at += sizes[k - 1])
    r.out(r.emit("slice", {x}, {{"axis", axis}, {"begin", at}, {"end", at + sizes[k]}}), k);
}

void slice(OnnxReader& r) {
  Value x = r.value(0);
  const bool inputs = r.opset() >= 10;
  const std::vector<int64_t> starts = inputs ? r.whole(1) : r.attributes("starts");
  const std::vector<int64_t> ends = inputs ? r.whole(2) : r.attributes("ends");
  std::vector<int64_t> axes;
  if (!inputs) axes = r.attributes("axes");
  if (inputs && r.has(3)) axes = r.whole(3);
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  const std::vector<int64_t> steps = inputs && r.has(4) ? r.whole(4) : std::vector<int64_t>();
  if (starts.size() != axes.size() || ends.size() != axes.size() ||
      (!steps.empty() && steps.size() != axes.size()))
    r.refuse("its starts, ends, axes and steps are not equally many");
  for (size_t i = 0; i < axes.size(); ++i) {
    if (!steps.empty() && steps[i] != 1) r.refuse("steps other than 1 are not read");
    const int64_t axis = r.axis(axes[i], x.shape().rank()), n = x.shape()[int(axis)];
    const auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + n : at, 0, n); };
    const int64_t begin = place(starts[i]), end = std::max(begin, place(ends[i]));
    x = r.emit("slice", {x}, {{"axis", axis}, {"begin", begin}, {"end", end}});
  }
  r.out(x);
}

void pad(OnnxReader& r) {
  Value x = r.value(0);
  const std::vector<int64_t> pads = r.opset() >= 11 ? r.whole(1) : r.attributes("pads");
  const double value = r.opset() >= 11 ? (r.has(2) ? r.number(2) : 0) : r.attribute("value", 0.0);
  if (r.attribute("mode", "constant") != "constant")
    r.refuse(str("the mode ", r.attribute("mode", ""), " is not read"));
  const auto rank = size_t(x.shape().rank());
  if (pads.size() != 2 * rank) r.refuse("it wants two numbers for each axis");
  if (value != 0) x = r.emit("scale", {x}, {{"a", 1.0}, {"b", -value}});
  for (size_t i = 0; i < rank; ++i) {
    const int64_t n = x.shape()[int(i)], begin = std::max<int64_t>(0, -pads[i]);
    const int64_t end = n - std::max<int64_t>(0, -pads[i + rank]);
    if (begin > 0 || end < n)
      x = r.emit("slice", {x}, {{"axis", int64_t(i)}, {"begin", begin}, {"end", end}});
    const int64_t before = std::max<int64_t>(0, pads[i]),
                  after = std::max<int64_t>(0, pads[i + rank]);
    if (before > 0 || after > 0)
      x = r.emit("pad", {x}, {{"axis", int64_t(i)}, {"before", before}, {"after", after}});
  }
  r.out(value != 0 ? r.emit("scale", {x}, {{"a", 1.0}, {"b", value}}) : x);
}

void squeeze(OnnxReader& r) {
  const Value x = r.value(0);
  const int rank = x.shape().rank();
  std::vector<int64_t> axes = axes_of(r, 13, 1), kept;
  for (int64_t& a : axes) a = r.axis(a, rank);
  for (int i = 0; i < rank; ++i) {
    const bool named = std::ranges::count(axes, i) > 0;
    if (!(named || (axes.empty() && x.shape()[i] == 1))) kept.push_back(x.shape()[i]);
  }
  r.out(r.emit("reshape", {x}, {{"shape", kept}}));
}

void unsqueeze(OnnxReader& r) {
  const Value x = r.value(0);
  std::vector<int64_t> axes = axes_of(r, 13, 1), shape = extents(x.shape());
  const int rank = x.shape().rank() + int(axes.size());
  for (int64_t& a : axes) a = r.axis(a, rank);
  std::ranges::sort(axes);
  for (const int64_t a : axes) {
    if (a > int64_t(shape.size())) r.refuse("it names an axis twice");
    shape.insert(shape.begin() + a, 1);
  }
  r.out(r.emit("reshape", {x}, {{"shape", shape}}));
}

void shape_of(OnnxReader& r) {
  const std::vector<int64_t> s = extents(r.value(0).shape());
  r.out(onnx_i64({int64_t(s.size())}, s));
}

void expand(OnnxReader& r) {
  Value x = r.value(0);
  std::vector<int64_t> to = r.whole(1), from = extents(x.shape());
  r.require_within(to, 0, int64_t{1} << 31, "an extent");
  if (to.size() > Shape::kMaxRank) r.refuse("it makes more than six axes");
  while (from.size() < to.size()) from.insert(from.begin(), 1);
  while (to.size() < from.size()) to.insert(to.begin(), 1);
  for (size_t i = 0; i < to.size(); ++i) to[i] = to[i] == 1 ? from[i] : to[i];
  r.out(r.emit("broadcast_to", {x}, {{"shape", to}}));
}

void tile(OnnxReader& r) {
  Value x = r.value(0);
  const std::vector<int64_t> times = r.whole(1);
  r.require_within(times, 1, 64, "a repetition");
  for (size_t i = 0; i < times.size(); ++i)
    if (times[i] != 1)
      x = r.emit("concat", std::vector<Value>(size_t(times[i]), x), {{"axis", int64_t(i)}});
  r.out(x);
}

void reduce(OnnxReader& r, std::string_view op) {
  const int64_t since = op == "reduce_sum" ? 13 : 18;
  const Value x = r.value(0);
  std::vector<int64_t> axes = axes_of(r, since, 1);
  for (int64_t& a : axes) a = r.axis(a, x.shape().rank());
  r.out(r.emit(op, {x}, {{"axes", axes}, {"keep", r.attribute("keepdims", int64_t{1}) != 0}}));
}

constexpr OnnxRule kShapeRules[] = {
    {"Reshape", reshape},
    {"Flatten", flatten},
    {"Transpose", transpose},
    {"Concat", concat},
    {"Split", split},
    {"Slice", slice},
    {"Pad", pad},
    {"Squeeze", squeeze},
    {"Unsqueeze", unsqueeze},
    {"Shape", shape_of},
    {"Expand", expand},
    {"Tile", tile},
    {"ReduceSum", [](OnnxReader& r) { reduce(r, "reduce_sum"); }},
    {"ReduceMean", [](OnnxReader& r) { reduce(r, "reduce_mean"); }},
    {"ReduceMax", [](OnnxReader& r) { reduce(r, "reduce_max"); }},
};
}  // namespace

std::span<const OnnxRule> onnx_shape_rules() {
  return kShapeRules;
}
}  // namespace cambium
