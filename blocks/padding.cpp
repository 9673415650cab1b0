#include "blocks/padding.h"

#include <algorithm>

#include "blocks/layers.h"

namespace cambium {
namespace {
// Far below every score, and far from overflow in f32.
constexpr double kOut = 1e9;

Value over_places(Builder& b, std::string_view op, Value x) {
  return b.emit(op, {x}, {{"axes", std::vector<int64_t>{1}}, {"keep", false}});
}

Value slice_places(Builder& b, Value x, int64_t begin, int64_t end) {
  return b.emit("slice", {x}, {{"axis", 1}, {"begin", begin}, {"end", end}});
}

// Elements offset, offset + stride ... of an axis of m, `count` of them.
Value every(Builder& b, Value m, int axis, int64_t offset, int64_t stride, int64_t count) {
  const Shape in = m.shape();
  const int64_t wanted = count * stride, end = std::min(in[axis], offset + wanted);
  if (offset > 0 || end < in[axis])
    m = b.emit("slice", {m}, {{"axis", axis}, {"begin", offset}, {"end", end}});
  if (end - offset < wanted)
    m = b.emit("pad", {m}, {{"axis", axis}, {"before", 0}, {"after", wanted - (end - offset)}});
  if (stride == 1) return m;
  std::vector<int64_t> split(in.dims().begin(), in.dims().end()), joined = split;
  joined[size_t(axis)] = split[size_t(axis)] = count;
  split.insert(split.begin() + axis + 1, stride);
  m = reshaped(b, m, split);
  m = b.emit("slice", {m}, {{"axis", axis + 1}, {"begin", 0}, {"end", 1}});
  return reshaped(b, m, joined);
}
}  // namespace

Value pushed_out(Builder& b, Value x, Value mask) {
  const Value out = b.emit("scale", {mask}, {{"a", kOut}, {"b", -kOut}});
  return b.emit("add", {b.emit("mul", {x, mask}), out});
}

bool mask_fits(const Stream& s) {
  const bool ids = s.domain == Domain::kIds;
  return !s.mask || s.mask.shape().count() == (ids ? s.shape().count() : s.shape().rows());
}

Value padding_mask(const Stream& s) {
  const int64_t batch = s.domain == Domain::kGraph ? s.batch : s.shape()[0];
  if (!s.mask || batch == 0) return {};
  ensure(mask_fits(s), "a mask ", s.mask.shape(), " of ", s.shape());
  const std::vector<int64_t> shape = {batch, s.mask.shape().count() / batch, 1};
  return s.mask.graph->emit("reshape", {s.mask}, {{"shape", shape}});
}

void refuse_padding(const Stream& s, const std::string& what, const std::string& help) {
  if (s.mask) throw UserError(str("the data is padded, and ", what), help);
}

Stream with_padding_zeroed(Builder& b, Stream s) {
  const bool grid = s.domain == Domain::kGrid;
  if (s.domain != Domain::kTokens && !grid) return s;
  if (const Value mask = grid ? as_grid(b, s).mask : padding_mask(s))
    s.x = b.emit("mul", {s.x, mask});
  return s;
}

Value joined_mask(Builder& b, std::span<const Stream> streams) {
  Value joined;
  for (const Stream& s : streams) {
    if (!s.mask || s.mask == joined) continue;
    const Shape like = joined ? joined.shape() : s.mask.shape();
    const Value mask = reshaped(b, s.mask, {like.dims().begin(), like.dims().end()});
    joined = joined ? b.emit("mul", {joined, mask}) : s.mask;
  }
  return joined;
}

Value pool_unpadded(Builder& b, const std::string& kind, Value x, Value mask) {
  if (kind == "attention") {
    const Value scores = pushed_out(b, b.linear("score", x, 1, false), mask);  // [B,P,1]
    const Value alpha = b.emit("softmax", {scores}, {{"axis", 1}});
    return over_places(b, "reduce_sum", b.emit("mul", {b.emit("mul", {x, alpha}), mask}));
  }
  if (kind == "max") {
    const Value real = over_places(b, "reduce_max", mask);  // [B,1]: 0 for an example of padding
    return b.emit("mul", {over_places(b, "reduce_max", pushed_out(b, x, mask)), real});
  }
  if (kind == "first") {
    const Value at = slice_places(b, mask, 0, 1);
    return over_places(b, "reduce_sum", b.emit("mul", {slice_places(b, x, 0, 1), at}));
  }
  if (kind == "last") {  // the real place behind which none is
    const Value next = b.emit("pad", {slice_places(b, mask, 1, mask.shape()[1])},
                              {{"axis", 1}, {"before", 0}, {"after", 1}});
    return over_places(b, "reduce_sum", b.emit("mul", {x, b.emit("sub", {mask, next})}));
  }
  const Value sum = over_places(b, "reduce_sum", b.emit("mul", {x, mask}));
  if (kind == "sum") return sum;
  ensure(kind == "mean", "a pool of kind ", kind);
  const Value count = over_places(b, "reduce_sum", mask);  // [B,1]
  return b.emit("div", {sum, b.emit("maximum", {count, b.graph.scalar(1)})});
}

Value mask_behind(Builder& b, int64_t more, Value mask) {
  return b.emit("concat", {b.filled({mask.shape()[0], more, 1}, 1), mask}, {{"axis", 1}});
}

PaddedGrid as_grid(Builder& b, const Stream& s, bool line) {
  const Shape in = s.shape();
  std::vector<int64_t> shape = {in[0], in[1], 1, in.last()};
  if (s.domain == Domain::kGrid)
    shape[2] = in[2];
  else if (!line)
    shape = {in[0], s.rows, s.columns, in.last()};
  PaddedGrid g{s.domain == Domain::kGrid ? s.x : reshaped(b, s.x, shape), padding_mask(s)};
  shape[3] = 1;
  if (g.mask) g.mask = reshaped(b, g.mask, shape);
  return g;
}

PaddedGrid whole_strides(Builder& b, PaddedGrid g, const Windows& w) {
  if (!g.mask || w.padding != "same") return g;
  const int64_t more = (w.stride - g.x.shape()[1] % w.stride) % w.stride;
  if (more == 0) return g;
  for (Value* v : {&g.x, &g.mask})
    *v = b.emit("pad", {*v}, {{"axis", 1}, {"before", 0}, {"after", more}});
  return g;
}

Value mask_of_windows(Builder& b, Value mask, const Windows& w) {
  for (int axis = 1; axis <= 2; ++axis) {
    const int64_t extent = mask.shape()[axis];
    const int64_t reach = ((axis == 1 ? w.kernel_y : w.kernel_x) - 1) * w.dilation;
    const bool valid = w.padding == "valid";
    const int64_t count = ((valid ? extent - reach : extent) + w.stride - 1) / w.stride;
    mask = every(b, mask, axis, valid ? reach : 0, w.stride, count);
  }
  return mask;
}

Value flat_mask(Builder& b, Value mask) {
  if (!mask) return {};
  const int64_t batch = mask.shape()[0];
  return reshaped(b, mask, {batch, mask.shape().count_between(1, mask.shape().rank())});
}

Stream convolve_places(Builder& b, Stream s, const ConvOptions& o) {
  const Windows w{o.kernel_y, o.kernel_x, o.stride, o.dilation, o.padding};
  if (o.kernel_y > 1 || o.kernel_x > 1) s = with_padding_zeroed(b, s);
  const PaddedGrid g = whole_strides(b, as_grid(b, s), w);
  s.x = convolve(b, g.x, o);
  if (g.mask && (o.stride > 1 || o.padding == "valid"))
    s.mask = flat_mask(b, mask_of_windows(b, g.mask, w));
  return s;
}
}  // namespace cambium
