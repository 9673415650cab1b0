#include "blocks/padding.h"

namespace cambium {
namespace {
// Far below every score, and far from overflow in f32.
constexpr double kOut = 1e9;

Value over_places(Builder& b, std::string_view op, Value x) {
  return b.emit(op, {x}, {{"axes", std::vector<int64_t>{1}}, {"keep", false}});
}

// x where the mask is 1, x - kOut where it is 0.
Value pushed_out(Builder& b, Value x, Value mask) {
  return b.emit("add", {x, b.emit("scale", {mask}, {{"a", kOut}, {"b", -kOut}})});
}
}  // namespace

Value padding_mask(const Stream& s) {
  const bool ids = s.domain == Domain::kIds, graph = s.domain == Domain::kGraph;
  const int64_t places = ids ? s.shape().count() : s.shape().rows();
  const int64_t batch = graph ? s.batch : s.shape()[0];
  if (!s.mask || s.mask.shape().count() != places || batch == 0) return {};
  return s.mask.graph->emit("reshape", {s.mask},
                            {{"shape", std::vector<int64_t>{batch, places / batch, 1}}});
}

Stream with_padding_zeroed(Builder& b, Stream s) {
  if (s.domain != Domain::kTokens) return s;
  if (const Value mask = padding_mask(s)) s.x = b.emit("mul", {s.x, mask});
  return s;
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
  require(kind == "mean" || kind == "sum", "kind = ", kind,
          " would take padding for an end of the data; use mean, sum, max or attention");
  const Value sum = over_places(b, "reduce_sum", b.emit("mul", {x, mask}));
  if (kind == "sum") return sum;
  const Value count = over_places(b, "reduce_sum", mask);  // [B,1]
  return b.emit("div", {sum, b.emit("maximum", {count, b.graph.scalar(1)})});
}
}  // namespace cambium
