// Recurrences as the loop Scan: what comes in already holds the products of the input, which the
// operators LSTM and GRU of ONNX would make again.
#include <numeric>

#include "ops/support/onnx/parts.h"

namespace cambium {
std::string onnx_time_first(OnnxUse& u, const std::string& x, int rank) {
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[0], perm[1]);
  return u.transpose(x, perm);
}

namespace {
using Names = std::vector<std::string>;

Names gates_of(OnnxUse& u, const std::string& x, int64_t count, int64_t width) {
  Names out;
  for (int64_t g = 0; g < count; ++g) out.push_back(u.slice(x, 1, g * width, (g + 1) * width));
  return out;
}
}  // namespace

void onnx_lstm(OnnxUse& u) {
  const int64_t H = u.shape(1)[0];
  const std::string zero = u.zeros({u.dim(0, 0), u.constant_size(H)});
  const Names y = u.scan(
      {zero, zero}, {onnx_time_first(u, u.in(0), 3)}, u.flag("reverse"),
      [&](const Names& state, const Names& x) -> OnnxStep {
        const Names g = gates_of(u, u.op("Add", {x[0], u.op("MatMul", {state[0], u.in(1)})}), 4, H);
        const auto open = [&](size_t i) { return u.op("Sigmoid", {g[i]}); };
        const std::string kept = u.op("Mul", {open(1), state[1]});
        const std::string c = u.op("Add", {kept, u.op("Mul", {open(0), u.op("Tanh", {g[2]})})});
        const std::string h = u.op("Mul", {open(3), u.op("Tanh", {c})});
        return {{h, c}, {h, c}};
      });
  u.out(0, onnx_time_first(u, y[2], 3));
  u.out(1, onnx_time_first(u, y[3], 3));
}

void onnx_gru(OnnxUse& u) {
  const int64_t H = u.shape(1)[0];
  const Names y =
      u.scan({u.zeros({u.dim(0, 0), u.constant_size(H)})}, {onnx_time_first(u, u.in(0), 3)},
             u.flag("reverse"), [&](const Names& state, const Names& x) -> OnnxStep {
               std::string sum = u.op("MatMul", {state[0], u.in(1)});
               if (u.has(2)) sum = u.op("Add", {sum, u.in(2)});
               const Names s = gates_of(u, sum, 3, H), in = gates_of(u, x[0], 3, H);
               const std::string r = u.op("Sigmoid", {u.op("Add", {in[0], s[0]})});
               const std::string z = u.op("Sigmoid", {u.op("Add", {in[1], s[1]})});
               const std::string n = u.op("Tanh", {u.op("Add", {in[2], u.op("Mul", {r, s[2]})})});
               // (1 - z) n + z h
               const std::string way = u.op("Mul", {z, u.op("Sub", {state[0], n})});
               const std::string h = u.op("Add", {n, way});
               return {{h}, {h}};
             });
  u.out(0, onnx_time_first(u, y[1], 3));
}

void onnx_rnn(OnnxUse& u) {
  const int64_t H = u.shape(1)[0];
  const Names y =
      u.scan({u.zeros({u.dim(0, 0), u.constant_size(H)})}, {onnx_time_first(u, u.in(0), 3)},
             u.flag("reverse"), [&](const Names& state, const Names& x) -> OnnxStep {
               const std::string sum = u.op("Add", {x[0], u.op("MatMul", {state[0], u.in(1)})});
               const std::string h = onnx_activated(u, u.word("activation"), sum);
               return {{h}, {h}};
             });
  u.out(0, onnx_time_first(u, y[1], 3));
}

void onnx_linear_scan(OnnxUse& u) {
  const Names y = u.scan({u.zeros({u.dim(0, 0), u.dim(0, 2)})},
                         {onnx_time_first(u, u.in(0), 3), onnx_time_first(u, u.in(1), 3)}, false,
                         [&](const Names& state, const Names& x) -> OnnxStep {
                           const std::string h = u.op("Add", {u.op("Mul", {x[0], state[0]}), x[1]});
                           return {{h}, {h}};
                         });
  u.out(0, onnx_time_first(u, y[1], 3));
}

// Both sums are carried divided by e^p with p the largest exponent so far.
void onnx_wkv(OnnxUse& u) {
  const std::vector<OnnxSize> size = {u.dim(0, 0), u.dim(0, 2)};
  const std::string zero = u.zeros(size);
  const std::string lowest = u.op("Expand", {u.f32(-1e30), u.shape_of(size)});
  const auto mul = [&](const std::string& a, const std::string& b) { return u.op("Mul", {a, b}); };
  const auto add = [&](const std::string& a, const std::string& b) { return u.op("Add", {a, b}); };
  const auto shrink = [&](const std::string& a, const std::string& b) {
    return u.op("Exp", {u.op("Sub", {a, b})});
  };
  const Names y = u.scan(
      {zero, zero, lowest}, {onnx_time_first(u, u.in(0), 3), onnx_time_first(u, u.in(1), 3)}, false,
      [&](const Names& s, const Names& x) -> OnnxStep {
        const std::string now = add(x[0], u.in(3)), top = u.op("Max", {s[2], now});
        const std::string old = shrink(s[2], top), own = shrink(now, top);
        const std::string out =
            u.op("Div", {add(mul(old, s[0]), mul(own, x[1])), add(mul(old, s[1]), own)});
        const std::string faded = add(s[2], u.in(2)), next = u.op("Max", {faded, x[0]});
        const std::string keep = shrink(faded, next), take = shrink(x[0], next);
        return {{add(mul(keep, s[0]), mul(take, x[1])), add(mul(keep, s[1]), take), next}, {out}};
      });
  u.out(0, onnx_time_first(u, y[3], 3));
}
}  // namespace cambium
