#include <cmath>
#include <limits>

#include "ops/attention/support/alibi.h"
#include "ops/support/onnx/parts.h"

namespace cambium {
namespace {
constexpr double kOnnxLowest = -1e30;

// Angles of positions [T,1] and frequencies in double: sines there are those of f32 to the last
// digits, also at place 10,000. cos x = sin(x + pi / 2).
struct Turns {
  std::string cosine, sine;  // [T,1,half], f32
};

Turns turns_of(OnnxUse& u, const std::string& position, int64_t half, double base) {
  OnnxTensor rate{OnnxType::kF64, {1, 1, half}, {}};
  for (int64_t i = 0; i < half; ++i) {
    const double r = std::pow(base, -double(i) / double(half));
    const auto* bytes = reinterpret_cast<const std::byte*>(&r);
    rate.data.insert(rate.data.end(), bytes, bytes + sizeof r);
  }
  const double quarter = std::acos(0.0);
  OnnxTensor turn{OnnxType::kF64, {}, std::vector<std::byte>(sizeof quarter)};
  std::memcpy(turn.data.data(), &quarter, sizeof quarter);
  const std::string at = u.op("Cast", {u.unsqueeze(position, {1, 2})}, {{"to", int64_t{11}}});
  const std::string angle = u.op("Mul", {at, u.tensor(std::move(rate))});
  return {u.to_f32(u.op("Sin", {u.op("Add", {angle, u.tensor(std::move(turn))})})),
          u.to_f32(u.op("Sin", {angle}))};
}

// x [B,T,H,D] with its first `width` channels turned.
std::string turned(OnnxUse& u, const std::string& x, const Turns& t, int64_t width, int64_t D,
                   bool back) {
  const int64_t half = width / 2;
  const std::string low = u.slice(x, 3, 0, half), high = u.slice(x, 3, half, width);
  const auto mul = [&](const std::string& a, const std::string& b) { return u.op("Mul", {a, b}); };
  const char *less = back ? "Add" : "Sub", *more = back ? "Sub" : "Add";
  std::vector<std::string> parts = {u.op(less, {mul(low, t.cosine), mul(high, t.sine)}),
                                    u.op(more, {mul(high, t.cosine), mul(low, t.sine)})};
  if (width < D) parts.push_back(u.slice(x, 3, width, D));
  return u.op("Concat", parts, {{"axis", int64_t{3}}});
}

// What queries and keys are to each other.
struct Pairs {
  std::string query, key;  // places: i64 [T,1] t + S - T, i64 [1,S] s
};

Pairs pairs_of(OnnxUse& u) {
  const OnnxSize T = u.dim(0, 1), S = u.dim(1, 1);
  std::string query = u.range(u.size_of(T));
  if (T != S) query = u.op("Add", {query, u.op("Sub", {u.size_of(S), u.size_of(T)})});
  return {u.unsqueeze(query, {1}), u.unsqueeze(u.range(u.size_of(S)), {0})};
}

// Where the score of a pair is not looked at: null when all are.
std::string both(OnnxUse& u, const std::string& a, const std::string& b) {
  return a.empty() ? b : u.op("And", {a, b});
}

std::string seen_pairs(OnnxUse& u, const Pairs& p, bool causal, int64_t window) {
  std::string seen;
  if (causal) seen = u.op("LessOrEqual", {p.key, p.query});
  if (window > 0) {
    const std::string distance = u.op("Abs", {u.op("Sub", {p.query, p.key})});
    seen = both(u, seen, u.op("Less", {distance, u.i64(window)}));
  }
  return seen;
}

std::string seen_keys(OnnxUse& u, int mask) {
  return u.unsqueeze(u.op("GreaterOrEqual", {u.in(mask), u.f32(0.5)}), {1, 2});  // [B,1,1,S]
}

// Blocks of keys that a block of queries looks at: i64 [ceil(T / block), L], -1 for none.
std::string seen_blocks(OnnxUse& u, int list, int64_t block) {
  const OnnxSize T = u.dim(0, 1), S = u.dim(1, 1);
  const auto block_of = [&](const OnnxSize& n) {
    return u.op("Div", {u.range(u.size_of(n)), u.i64(block)});
  };
  const std::string keys = u.unsqueeze(block_of(S), {0, 1});                             // [1,1,S]
  const std::string mine = u.unsqueeze(u.op("Gather", {u.in(list), block_of(T)}), {2});  // [T,L,1]
  const std::string hit = u.to_f32(u.op("Equal", {mine, keys}));
  return u.op("Greater", {u.sum(hit, {1}, false), u.f32(0.5)});  // [T,S]
}

// softmax(scores) v, where a query may see nothing and a sink may take a share; scores [B,H,T,S].
std::string careful_softmax(OnnxUse& u, const std::string& scores, const std::string& sinks) {
  std::string top = u.op("ReduceMax", {scores}, {{"axes", std::vector<int64_t>{3}}});
  top = u.op("Max", {top, u.f32(kOnnxLowest)});
  if (!sinks.empty()) top = u.op("Max", {top, sinks});
  const std::string p = u.op("Exp", {u.op("Sub", {scores, top})});
  std::string total = u.sum(p, {3}, true);
  if (!sinks.empty()) total = u.op("Add", {total, u.op("Exp", {u.op("Sub", {sinks, top})})});
  const std::string none = u.to_f32(u.op("Equal", {total, u.f32(0)}));
  return u.op("Div", {p, u.op("Add", {total, none})});
}

// scale q k^T, capped: [B,H,T,S].
std::string raw_scores(OnnxUse& u, const std::string& q, const std::string& k) {
  const int64_t D = u.shape(0)[3];
  const double given = u.number("scale"), cap = u.number("soft_cap");
  const double scale = given > 0 ? given : 1 / std::sqrt(double(D));
  const std::string heads = onnx_repeated_heads(u, k, u.shape(1)[2], u.shape(0)[2], 2);
  const std::string rows = u.transpose(u.op("Mul", {q, u.f32(scale)}), {0, 2, 1, 3});
  std::string s = u.op("MatMul", {rows, u.transpose(heads, {0, 2, 3, 1})});
  if (cap > 0) s = u.op("Mul", {u.op("Tanh", {u.op("Div", {s, u.f32(cap)})}), u.f32(cap)});
  return s;
}

std::string weighted_values(OnnxUse& u, const std::string& p) {
  const std::string v = onnx_repeated_heads(u, u.in(2), u.shape(2)[2], u.shape(0)[2], 2);
  return u.transpose(u.op("MatMul", {p, u.transpose(v, {0, 2, 1, 3})}), {0, 2, 1, 3});
}

std::string alibi(OnnxUse& u, const Pairs& p) {
  const int64_t H = u.shape(0)[2];
  std::vector<float> slopes;
  for (int64_t h = 0; h < H; ++h) slopes.push_back(float(-alibi_slope(h, H)));
  const std::string distance = u.to_f32(u.op("Abs", {u.op("Sub", {p.query, p.key})}));
  return u.op("Mul", {u.tensor(onnx_f32({H, 1, 1}, slopes)), distance});
}
}  // namespace

std::string onnx_repeated_heads(OnnxUse& u, const std::string& x, int64_t G, int64_t H,
                                int64_t axis) {
  if (G == H) return x;
  std::vector<int64_t> from;
  for (int64_t h = 0; h < H; ++h) from.push_back(h / (H / G));
  return u.op("Gather", {x, u.i64s(from)}, {{"axis", axis}});
}

void onnx_attention(OnnxUse& u) {
  enum Input { kQ, kK, kV, kRng, kBias, kSinks, kBlocks, kMask, kPairs };

  const Pairs p = pairs_of(u);
  std::string q = u.in(kQ), k = u.in(kK);
  if (const double base = u.number("rope"); base > 0) {
    const int64_t D = u.shape(0)[3], part = u.whole("turned"), width = part > 0 ? part : D;
    const auto turn = [&](const std::string& x, int i) {
      return turned(u, x, turns_of(u, u.range(u.size_of(u.dim(i, 1))), width / 2, base), width, D,
                    false);
    };
    q = turn(q, kQ);
    k = turn(k, kK);
  }
  std::string s = raw_scores(u, q, k);
  if (u.flag("alibi")) s = u.op("Add", {s, alibi(u, p)});
  if (u.has(kBias)) {
    const std::string last = u.op("Sub", {u.size_of(u.dim(kK, 1)), u.i64(1)});
    // t - s + S - 1 of the query's own place t: p.query holds t + S - T.
    const std::string t = u.unsqueeze(u.range(u.size_of(u.dim(kQ, 1))), {1});
    const std::string at = u.op("Add", {u.op("Sub", {t, p.key}), last});
    s = u.op("Add", {s, u.op("Gather", {u.in(kBias), at}, {{"axis", int64_t{1}}})});
  }
  if (u.has(kPairs)) s = u.op("Add", {s, u.transpose(u.in(kPairs), {0, 1, 3, 2})});
  std::string seen = seen_pairs(u, p, u.flag("causal"), u.whole("window"));
  if (u.has(kBlocks)) seen = both(u, seen, seen_blocks(u, kBlocks, u.whole("block")));
  if (u.has(kMask)) seen = both(u, seen, seen_keys(u, kMask));
  if (!seen.empty()) s = u.op("Where", {seen, s, u.f32(-std::numeric_limits<double>::infinity())});
  const std::string sinks =
      u.has(kSinks) ? u.op("Reshape", {u.in(kSinks), u.i64s({-1, 1, 1})}) : "";
  const bool plain = !u.has(kMask) && !u.has(kSinks);
  const std::string weights = plain ? u.op("Softmax", {s}) : careful_softmax(u, s, sinks);
  u.out(0, weighted_values(u, weights));
}

void onnx_top_k_attention(OnnxUse& u) {
  std::string s = raw_scores(u, u.in(0), u.in(1));
  std::string seen = seen_pairs(u, pairs_of(u), u.flag("causal"), 0);
  if (u.has(3)) seen = both(u, seen, seen_keys(u, 3));
  if (!seen.empty()) s = u.op("Where", {seen, s, u.f32(-std::numeric_limits<double>::infinity())});
  const std::string keep = u.op("Min", {u.i64(u.whole("keep")), u.size_of(u.dim(1, 1))});
  const auto best = u.ops("TopK", {s, keep}, {{"axis", int64_t{3}}}, 2);
  const std::string p = careful_softmax(u, best[0], "");
  const std::string none = u.op("Expand", {u.f32(0), u.op("Shape", {s})});
  u.out(0, weighted_values(u, u.op("ScatterElements", {none, best[1], p}, {{"axis", int64_t{3}}})));
}

void onnx_rope(OnnxUse& u) {
  const int64_t D = u.shape(0)[3], part = u.whole("channels"), width = part > 0 ? part : D;
  if (u.has(1)) u.refuse("its place is told from outside, as in generation");
  const std::string places = u.range(u.size_of(u.dim(0, 1)));
  const Turns t = turns_of(u, places, width / 2, u.number("base"));
  u.out(0, turned(u, u.in(0), t, width, D, u.flag("inverse")));
}

void onnx_relative_shift(OnnxUse& u) {
  if (u.flag("back")) u.refuse("it is the gradient's half");
  const OnnxSize T = u.dim(0, 2);
  const std::string place = u.range(u.size_of(T));
  const std::string s = u.unsqueeze(place, {1}), t = u.unsqueeze(place, {0});
  const std::string at = u.op("Add", {u.op("Sub", {s, t}), u.op("Sub", {u.size_of(T), u.i64(1)})});
  const std::string all = u.op("Expand", {at, u.shape_of({u.dim(0, 0), u.dim(0, 1), T, T})});
  u.out(0,
        u.op("GatherElements", {u.transpose(u.in(0), {0, 1, 3, 2}), all}, {{"axis", int64_t{2}}}));
}
}  // namespace cambium
