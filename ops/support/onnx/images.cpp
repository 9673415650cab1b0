// Images lie channels last here and channels first there: each rule turns them over and back.
#include "ops/conv/support/conv.h"
#include "ops/conv/support/pool.h"
#include "ops/support/onnx/parts.h"

namespace cambium {
namespace {
std::string channels_first(OnnxUse& u, const std::string& x) {
  return u.transpose(x, {0, 3, 1, 2});
}

std::string channels_last(OnnxUse& u, const std::string& x) {
  return u.transpose(x, {0, 2, 3, 1});
}

// What stands before and behind along both axes, so that the windows are those we place.
struct Sides {
  int64_t y0, x0, y1, x1;

  bool operator==(const Sides&) const = default;
};

Sides sides(const Window& y, const Window& x) {
  const auto behind = [](const Window& w) {
    return std::max<int64_t>(
        0, (w.out - 1) * w.stride + (w.kernel - 1) * w.dilation + 1 - w.extent - w.before);
  };
  return {y.before, x.before, behind(y), behind(x)};
}

// In all traces.
template <class SizesOf> Sides sides_of(OnnxUse& u, const SizesOf& sizes) {
  const auto first = sizes(u.call());
  const Sides s = sides(first.y, first.x);
  for (size_t k = 1; k < u.traces(); ++k) {
    const auto z = sizes(u.call(k));
    if (z.y.out > 0 && z.x.out > 0 && !(sides(z.y, z.x) == s))
      u.refuse("the zeros around it go with the length; `pad` fixes them");
  }
  return s;
}

std::vector<int64_t> as_list(const Sides& s) {
  return {s.y0, s.x0, s.y1, s.x1};
}
}  // namespace

void onnx_conv2d(OnnxUse& u) {
  const auto sizes = [](const Call& c) { return conv_sizes(c.as<Conv>(), c.shape(0), c.shape(1)); };
  const auto& a = u.call().as<Conv>();
  const ConvSizes z = sizes(u.call());
  if (u.rank(0) != 4) u.refuse("its images lie in blocks");
  std::vector<std::string> in = {channels_first(u, u.in(0)), u.transpose(u.in(1), {3, 2, 0, 1})};
  if (u.has(2)) in.push_back(u.in(2));
  std::string y = u.op("Conv", in,
                       {{"kernel_shape", std::vector{z.y.kernel, z.x.kernel}},
                        {"strides", std::vector{z.y.stride, z.x.stride}},
                        {"dilations", std::vector{z.y.dilation, z.x.dilation}},
                        {"group", z.groups},
                        {"pads", as_list(sides_of(u, sizes))}});
  y = onnx_activated(u, a.activation, channels_last(u, y));
  if (u.has(3)) y = u.op("Add", {y, u.in(3)});
  u.out(0, y);
}

void onnx_pool2d(OnnxUse& u) {
  const auto sizes = [](const Call& c) { return pool_sizes(c.as<Pool>(), c.shape(0)); };
  const PoolSizes z = sizes(u.call());
  if (u.rank(0) != 4) u.refuse("its images lie in blocks");
  const Sides s = sides_of(u, sizes);
  const std::string x = channels_first(u, u.in(0));
  std::vector<OnnxAttribute> window = {{"kernel_shape", std::vector{z.y.kernel, z.x.kernel}},
                                       {"strides", std::vector{z.y.stride, z.x.stride}},
                                       {"pads", as_list(s)}};
  if (z.average) window.push_back({"count_include_pad", int64_t{0}});
  u.out(0, channels_last(u, u.op(z.average ? "AveragePool" : "MaxPool", {x}, window)));
}

void onnx_upsample(OnnxUse& u) {
  const bool nearest = u.word("kind") == "nearest";
  const auto f = float(u.whole("factor"));
  const float scales[] = {1, 1, f, f};
  const std::string x = channels_first(u, u.in(0));
  std::vector<OnnxAttribute> how = {{"mode", std::string(nearest ? "nearest" : "linear")}};
  how.push_back(
      {"coordinate_transformation_mode", std::string(nearest ? "asymmetric" : "half_pixel")});
  if (nearest) how.push_back({"nearest_mode", std::string("floor")});
  u.out(0, channels_last(u, u.op("Resize", {x, "", u.tensor(onnx_f32({4}, scales))}, how)));
}
}  // namespace cambium
