// Windows over images, channels last here and first there. One axis of places is an image of one
// row.
#include <algorithm>

#include "blocks/onnx/support/reader.h"

namespace cambium {
namespace {
// How windows lie along one axis: first Y, then X.
struct Windows {
  std::vector<int64_t> kernel, stride, dilation, before, after;
};

std::vector<int64_t> or_ones(std::vector<int64_t> v, size_t n) {
  return v.empty() ? std::vector<int64_t>(n, 1) : v;
}

Windows windows_of(OnnxReader& r, std::vector<int64_t> kernel, const Shape& x) {
  const size_t axes = kernel.size();
  Windows w{std::move(kernel),
            or_ones(r.attributes("strides"), axes),
            or_ones(r.attributes("dilations"), axes),
            {},
            {}};
  constexpr int64_t kWide = 4096;
  const std::vector<int64_t> pads = r.attributes("pads");
  if (x.rank() != int(axes) + 2 || w.stride.size() != axes || w.dilation.size() != axes)
    r.refuse(str("its windows have ", axes, " axes, and it takes ", x));
  for (const auto* v : {&w.kernel, &w.stride, &w.dilation})
    r.require_within(*v, 1, kWide, "a window's number");
  r.require_within(pads, 0, kWide, "a pad");
  const std::string how = r.attribute("auto_pad", "NOTSET");
  for (size_t i = 0; i < axes; ++i) {
    int64_t before = pads.size() == 2 * axes ? pads[i] : 0;
    int64_t after = pads.size() == 2 * axes ? pads[i + axes] : 0;
    const int64_t n = x[int(i) + 2], covered = (w.kernel[i] - 1) * w.dilation[i] + 1;
    if (how.starts_with("SAME")) {
      const int64_t out = (n + w.stride[i] - 1) / w.stride[i];
      const int64_t total = std::max<int64_t>(0, (out - 1) * w.stride[i] + covered - n);
      before = how == "SAME_UPPER" ? total / 2 : total - total / 2;
      after = total - before;
    }
    w.before.push_back(before);
    w.after.push_back(after);
  }
  return w;
}

Value padded(OnnxReader& r, Value x, int axis, int64_t before, int64_t after) {
  if (before == 0 && after == 0) return x;
  return r.emit("pad", {x}, {{"axis", int64_t{axis}}, {"before", before}, {"after", after}});
}

// Places of one axis become images of one row: [B,C,T] -> [B,C,1,T].
Value as_image(OnnxReader& r, Value x) {
  const Shape& s = x.shape();
  if (s.rank() == 4) return x;
  if (s.rank() != 3) r.refuse(str("it takes one or two axes of places, got ", s));
  return r.emit("reshape", {x}, {{"shape", std::vector<int64_t>{s[0], s[1], 1, s[2]}}});
}

void answer(OnnxReader& r, Value y, bool row) {
  y = r.channels_first(y);
  const Shape& s = y.shape();
  if (row) y = r.emit("reshape", {y}, {{"shape", std::vector<int64_t>{s[0], s[1], s[3]}}});
  r.out(y);
}

void with_row(Windows& w) {
  for (auto* v : {&w.kernel, &w.stride, &w.dilation}) v->insert(v->begin(), 1);
  for (auto* v : {&w.before, &w.after}) v->insert(v->begin(), 0);
}

// Every stride-th place of an axis, where both axes do not step alike.
Value thinned(OnnxReader& r, Value x, int axis, int64_t step) {
  const Shape s = x.shape();
  const int64_t n = s[axis], kept = (n + step - 1) / step;
  Value y = padded(r, x, axis, 0, kept * step - n);
  std::vector<int64_t> apart(s.dims().begin(), s.dims().end()), back = apart;
  apart[size_t(axis)] = kept;
  apart.insert(apart.begin() + axis + 1, step);
  back[size_t(axis)] = kept;
  y = r.emit("reshape", {y}, {{"shape", apart}});
  y = r.emit("slice", {y},
             {{"axis", int64_t{axis} + 1}, {"begin", int64_t{0}}, {"end", int64_t{1}}});
  return r.emit("reshape", {y}, {{"shape", back}});
}

void conv(OnnxReader& r) {
  const Value x = r.value(0);
  const bool row = x.shape().rank() == 3;
  Value w = as_image(r, r.weight(1));  // [O,C/groups,KY,KX]
  std::vector<int64_t> kernel = {w.shape()[2], w.shape()[3]};
  if (row) kernel.erase(kernel.begin());
  Windows at = windows_of(r, kernel, x.shape());
  if (row) with_row(at);
  if (at.dilation[0] != at.dilation[1] && at.kernel[0] > 1 && at.kernel[1] > 1)
    r.refuse("taps that are differently far apart along both axes are not read");
  const bool alike = at.stride[0] == at.stride[1];
  w = r.emit("transpose", {w}, {{"perm", std::vector<int64_t>{2, 3, 1, 0}}});
  Value image = r.channels_last(as_image(r, x));
  for (int i = 0; i < 2; ++i)
    image = padded(r, image, i + 1, at.before[size_t(i)], at.after[size_t(i)]);
  std::vector<Value> in = {image, w};
  if (r.has(2)) in.push_back(r.weight(2));
  const int64_t dilation = at.kernel[0] > 1 ? at.dilation[0] : at.dilation[1];
  Value y = r.emit("conv2d", in,
                   {{"stride", alike ? at.stride[0] : int64_t{1}},
                    {"padding", "valid"},
                    {"dilation", dilation},
                    {"groups", r.attribute("group", int64_t{1})}});
  for (int i = 0; i < 2 && !alike; ++i) y = thinned(r, y, i + 1, at.stride[size_t(i)]);
  answer(r, y, row);
}

void pool(OnnxReader& r, const char* kind) {
  const Value x = r.value(0);
  const bool row = x.shape().rank() == 3;
  Windows at = windows_of(r, r.attributes("kernel_shape"), x.shape());
  if (std::ranges::any_of(at.dilation, [](int64_t d) { return d != 1; }))
    r.refuse("windows with gaps are not read");
  if (r.attribute("ceil_mode", int64_t{0}) != 0) r.refuse("ceil_mode is not read");
  if (row) with_row(at);
  Value image = r.channels_last(as_image(r, x));
  const bool max = std::string_view(kind) == "max";
  const bool counted = r.attribute("count_include_pad", int64_t{0}) != 0;
  const bool even = at.before == at.after && at.before[0] == at.before[1];
  const bool square = at.kernel[0] == at.kernel[1] && at.stride[0] == at.stride[1];
  const bool none = even && at.before[0] == 0;
  Args args = {{"kind", kind}};
  if (square && even && (!counted || none || max)) {
    args.insert(args.end(),
                {{"kernel", at.kernel[0]}, {"stride", at.stride[0]}, {"pad", at.before[0]}});
    return answer(r, r.emit("pool2d", {image}, args), row);
  }
  // Along one axis after the other: a window of n x 1 is the largest of, or the mean of, slices.
  if (!none && !max && !counted) r.refuse("means beside uneven zeros are not read");
  if (at.kernel[0] > 64 || at.kernel[1] > 64) r.refuse("windows above 64 are not read");
  for (int i = 0; i < 2; ++i) {
    const int axis = i + 1;
    const auto k = size_t(i);
    if (max && (at.before[k] > 0 || at.after[k] > 0))
      r.refuse("uneven zeros around maxima are not read");
    image = padded(r, image, axis, at.before[k], at.after[k]);
    const int64_t out = (image.shape()[axis] - at.kernel[k]) / at.stride[k] + 1;
    if (image.shape()[axis] < at.kernel[k]) r.refuse("a window is larger than the image");
    Value y;
    for (int64_t tap = 0; tap < at.kernel[k]; ++tap) {
      const int64_t end = tap + (out - 1) * at.stride[k] + 1;
      const Value slice =
          r.emit("slice", {image}, {{"axis", int64_t{axis}}, {"begin", tap}, {"end", end}});
      const Value part = at.stride[k] > 1 ? thinned(r, slice, axis, at.stride[k]) : slice;
      y = y ? r.emit(max ? "maximum" : "add", {y, part}) : part;
    }
    image = max ? y : r.emit("scale", {y}, {{"a", 1 / double(at.kernel[k])}});
  }
  answer(r, image, row);
}

void global_pool(OnnxReader& r, const char* reduce) {
  std::vector<int64_t> axes;
  const Value x = r.value(0);
  for (int i = 2; i < x.shape().rank(); ++i) axes.push_back(i);
  r.out(r.emit(reduce, {x}, {{"axes", axes}, {"keep", true}}));
}

// A factor and a shift for each channel, axis 1.
Value by_channel(OnnxReader& r, Value v, int rank) {
  std::vector<int64_t> shape = {v.shape().count()};
  while (int(shape.size()) + 1 < rank) shape.push_back(1);
  return r.emit("reshape", {v}, {{"shape", shape}});
}

void batch_norm(OnnxReader& r) {
  if (r.attribute("training_mode", int64_t{0}) != 0)
    r.refuse("it is in training; export the model for inference");
  const Value x = r.value(0);
  const double eps = r.attribute("epsilon", 1e-5);
  const Value sigma =
      r.emit("sqrt", {r.emit("scale", {r.weight(4, false)}, {{"a", 1.0}, {"b", eps}})});
  const auto wide = [&](Value v) { return by_channel(r, v, x.shape().rank()); };
  const Value factor = r.emit("div", {r.weight(1), sigma});
  const Value centred = r.emit("sub", {x, wide(r.weight(3, false))});
  r.out(r.emit("add", {r.emit("mul", {centred, wide(factor)}), wide(r.weight(2))}));
}

void instance_norm(OnnxReader& r) {
  const Value x = r.value(0);
  std::vector<int64_t> axes;
  for (int i = 2; i < x.shape().rank(); ++i) axes.push_back(i);
  const Args over = {{"axes", axes}, {"keep", true}};
  const Value centred = r.emit("sub", {x, r.emit("reduce_mean", {x}, over)});
  const Value variance = r.emit("reduce_mean", {r.emit("square", {centred})}, over);
  const double eps = r.attribute("epsilon", 1e-5);
  const Value sigma = r.emit("sqrt", {r.emit("scale", {variance}, {{"a", 1.0}, {"b", eps}})});
  const auto wide = [&](Value v) { return by_channel(r, v, x.shape().rank()); };
  const Value y = r.emit("div", {centred, sigma});
  r.out(r.emit("add", {r.emit("mul", {y, wide(r.weight(1))}), wide(r.weight(2))}));
}

void upsample(OnnxReader& r) {
  std::vector<float> scales = r.numbers("scales");
  for (const size_t i : {size_t(1), size_t(2)})
    if (scales.empty() && r.has(i) && r.known(i).type == OnnxType::kF32 &&
        r.known(i).count() == 4) {
      const auto v = r.known(i).as<float>();
      scales.assign(v.begin(), v.end());
    }
  const std::string mode = r.attribute("mode", "nearest");
  const bool whole = scales.size() == 4 && scales[2] >= 1 && scales[2] <= 64 && scales[0] == 1 &&
                     scales[1] == 1 && scales[2] == scales[3] &&
                     scales[2] == float(int64_t(scales[2]));
  if (!whole) r.refuse("only whole factors, the same along both axes, are read");
  const std::string place = r.attribute("coordinate_transformation_mode", "half_pixel");
  if (mode != "nearest" && (mode != "linear" || place != "half_pixel"))
    r.refuse(str("the mode ", mode, " with ", place, " is not read"));
  const Value image = r.channels_last(r.value(0));
  answer(r,
         r.emit("upsample", {image},
                {{"factor", int64_t(scales[2])},
                 {"kind", mode == "nearest" ? "nearest" : "bilinear"}}),
         false);
}

constexpr OnnxRule kImageRules[] = {
    {"Conv", conv},
    {"MaxPool", [](OnnxReader& r) { pool(r, "max"); }},
    {"AveragePool", [](OnnxReader& r) { pool(r, "avg"); }},
    {"GlobalAveragePool", [](OnnxReader& r) { global_pool(r, "reduce_mean"); }},
    {"GlobalMaxPool", [](OnnxReader& r) { global_pool(r, "reduce_max"); }},
    {"BatchNormalization", batch_norm},
    {"InstanceNormalization", instance_norm},
    {"Upsample", upsample},
    {"Resize", upsample},
};
}  // namespace

std::span<const OnnxRule> onnx_image_rules() {
  return kImageRules;
}
}  // namespace cambium
