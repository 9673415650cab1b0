#include <cmath>
#include <numeric>

#include "ops/support/onnx/parts.h"

namespace cambium {
void onnx_linear(OnnxUse& u) {
  std::string y = u.op("MatMul", {u.in(0), u.in(1)});
  if (u.has(2)) y = u.op("Add", {y, u.in(2)});
  y = onnx_activated(u, u.word("activation"), y);
  if (u.has(3)) y = u.op("Add", {y, u.in(3)});
  u.out(0, y);
}

static std::string transposed_last(OnnxUse& u, const std::string& x, int rank) {
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[size_t(rank - 1)], perm[size_t(rank - 2)]);
  return u.transpose(x, perm);
}

void onnx_matmul(OnnxUse& u) {
  std::string a = u.in(0), b = u.in(1);
  if (u.flag("transpose_a")) a = transposed_last(u, a, u.rank(0));
  if (u.flag("transpose_b")) b = transposed_last(u, b, u.rank(1));
  u.out(0, u.op("MatMul", {a, b}));
}

void onnx_embed(OnnxUse& u) {
  u.out(0, u.op("Gather", {u.in(0), u.in(1)}));
}

void onnx_sparse_linear(OnnxUse& u) {
  if (u.number("dropout") > 0) u.refuse("it drops out");
  u.options_may_differ();  // the density is for the cost alone
  u.out(0, u.op("MatMul", {u.in(0), u.in(1)}));
}

// All experts work on all rows, and each row takes its own: more work, but without a loop.
void onnx_grouped_linear(OnnxUse& u) {
  const int64_t experts = u.shape(1)[0];
  const std::string rows = u.op("Gather", {u.op("Shape", {u.in(0)}), u.i64(0)});
  const std::string row = u.unsqueeze(u.range(rows), {1});  // [R,1]
  const std::string ends = u.op("CumSum", {u.in(2), u.i64(0)});
  const std::string past = u.to_f32(u.op("GreaterOrEqual", {row, ends}));  // [R,E]
  const std::string expert = u.to_i64(u.sum(past, {1}, false));
  const float off_on[] = {0, 1};
  const std::string mine =
      u.op("OneHot", {expert, u.i64(experts), u.tensor(onnx_f32({2}, off_on))});  // [R,E]
  const std::string w = u.flag("transpose") ? u.transpose(u.in(1), {0, 2, 1}) : u.in(1);
  std::string y = u.op("MatMul", {u.unsqueeze(u.in(0), {0}), w});  // [E,R,N]
  if (u.has(3)) y = u.op("Add", {y, u.unsqueeze(u.in(3), {1})});
  const std::string share = u.unsqueeze(u.transpose(mine, {1, 0}), {2});
  u.out(0, u.sum(u.op("Mul", {y, share}), {0}, false));
}

namespace {
enum RouteOutput { kRouteWeight, kRouteChosen, kRouteSlot, kRouteToken, kRouteCounts };
}

void onnx_route(OnnxUse& u) {
  const int64_t K = u.whole("top_k"), E = u.shape(0)[1];
  const double capacity = u.number("capacity");
  const auto best = u.ops("TopK", {u.in(0), u.i64(K)}, {{"axis", int64_t{1}}}, 2);
  const std::string flat = u.op("Reshape", {best[1], u.i64(-1)});
  const float off_on[] = {0, 1};
  std::string hot = u.op("OneHot", {flat, u.i64(E), u.tensor(onnx_f32({2}, off_on))});  // [NK,E]
  const std::string tokens_shape = u.op("Gather", {u.op("Shape", {u.in(0)}), u.i64(0)});
  std::string tokens = u.to_f32(tokens_shape);  // [1]
  if (u.has(1)) {
    const std::string real = u.to_f32(u.op("GreaterOrEqual", {u.in(1), u.f32(0.5)}));  // [N]
    tokens = u.sum(real, {0}, true);
    const std::string each = u.op(
        "Expand",
        {u.unsqueeze(real, {1}), u.op("Concat", {tokens_shape, u.i64(K)}, {{"axis", int64_t{0}}})});
    hot = u.op("Mul", {hot, u.op("Reshape", {each, u.i64s({-1, 1})})});
  }
  const std::string before = u.op("CumSum", {hot, u.i64(0)}, {{"exclusive", int64_t{1}}});
  const std::string place = u.sum(u.op("Mul", {hot, before}), {1}, false);  // [NK]
  std::string kept = u.sum(hot, {1}, false);
  std::string counts = u.sum(hot, {0}, false);  // [E]
  if (capacity > 0) {
    const std::string choices = u.op("Mul", {tokens, u.f32(double(K))});
    const std::string share =
        u.op("Ceil", {u.op("Div", {u.op("Mul", {choices, u.f32(capacity)}), u.f32(double(E))})});
    const std::string most = u.op("Max", {u.f32(1), u.op("Min", {share, choices})});
    kept = u.op("Mul", {kept, u.to_f32(u.op("Less", {place, most}))});
    counts = u.op("Min", {counts, most});
  }
  const std::string start = u.op("CumSum", {counts, u.i64(0)}, {{"exclusive", int64_t{1}}});
  const std::string at = u.op("Add", {u.op("Gather", {start, flat}), place});
  // Dropped choices: slot -1.
  const std::string slot =
      u.to_i64(u.op("Sub", {u.op("Mul", {u.op("Add", {at, u.f32(1)}), kept}), u.f32(1)}));
  const std::string shape = u.op("Shape", {best[1]});
  const std::string all = u.op("Shape", {flat});  // rows that nobody uses stand last
  const std::string used = u.squeeze(u.op("NonZero", {kept}), {0});
  const std::string number = u.op("Div", {used, u.i64(K)});
  const std::string none = u.op("Expand", {u.i64(0), all});
  const std::string token =
      u.op("ScatterND", {none, u.unsqueeze(u.op("Gather", {slot, used}), {1}), number});
  u.out(kRouteWeight, best[0]);
  u.out(kRouteChosen, best[1]);
  u.out(kRouteSlot, u.op("Reshape", {slot, shape}));
  u.out(kRouteToken, token);
  u.out(kRouteCounts, u.to_i64(counts));
}

void onnx_weighted_rows(OnnxUse& u) {
  const std::string row = u.op("Max", {u.in(2), u.i64(0)});
  const std::string real = u.to_f32(u.op("GreaterOrEqual", {u.in(2), u.i64(0)}));
  const std::string weight = u.op("Mul", {u.in(1), real});  // [N,K]
  const std::string rows = u.op("Gather", {u.in(0), row});  // [N,K,C]
  u.out(0, u.sum(u.op("Mul", {rows, u.unsqueeze(weight, {2})}), {1}, false));
}
}  // namespace cambium
