// Recurrences whose state is a matrix.
#include "ops/support/onnx/parts.h"

namespace cambium {
namespace {
using ScanNames = std::vector<std::string>;

std::string outer(OnnxUse& u, const std::string& a, const std::string& b) {
  return u.op("Mul", {u.unsqueeze(a, {3}), u.unsqueeze(b, {2})});  // [B,H,D] [B,H,E] -> [B,H,D,E]
}

// S^T q: [B,H,D,E] and [B,H,D] -> [B,H,E].
std::string read(OnnxUse& u, const std::string& state, const std::string& q) {
  return u.sum(u.op("Mul", {state, u.unsqueeze(q, {3})}), {2}, false);
}
}  // namespace

void onnx_linear_attention(OnnxUse& u) {
  const int64_t G = u.shape(1)[2], D = u.shape(1)[3], H = u.shape(2)[2], E = u.shape(2)[3];
  const bool normalise = u.flag("normalise");
  const auto heads = [&](int i) {
    return onnx_time_first(u, onnx_repeated_heads(u, u.in(i), G, H, 2), 4);
  };
  const std::string q = u.op("Mul", {heads(0), u.f32(u.number("scale"))});
  ScanNames slices = {q, heads(1), onnx_time_first(u, u.in(2), 4)};
  const int decay = u.has(3) ? u.rank(3) : 0;  // [H], [B,T,H] or [B,T,H,D]
  std::string fixed;
  if (decay == 1) fixed = u.unsqueeze(u.op("Exp", {u.in(3)}), {1, 2});
  if (decay > 1) slices.push_back(onnx_time_first(u, u.op("Exp", {u.in(3)}), decay));
  ScanNames states = {
      u.zeros({u.dim(2, 0), u.constant_size(H), u.constant_size(D), u.constant_size(E)})};
  if (normalise) states.push_back(u.zeros({u.dim(2, 0), u.constant_size(H), u.constant_size(D)}));
  const ScanNames y = u.scan(states, slices, false, [&](const ScanNames& s, const ScanNames& x) {
    const auto faded = [&](const std::string& state, bool vector) {
      if (decay == 0) return state;
      if (decay == 1) return u.op("Mul", {state, vector ? u.squeeze(fixed, {2}) : fixed});
      std::vector<int64_t> axes;
      if (decay == 3) axes.push_back(2);
      if (!vector) axes.push_back(3);
      return u.op("Mul", {state, axes.empty() ? x[3] : u.unsqueeze(x[3], axes)});
    };
    OnnxStep step;
    step.states = {u.op("Add", {faded(s[0], false), outer(u, x[1], x[2])})};
    std::string o = read(u, step.states[0], x[0]);
    if (normalise) {
      step.states.push_back(u.op("Add", {faded(s[1], true), x[1]}));
      const std::string n = u.sum(u.op("Mul", {step.states[1], x[0]}), {2}, true);
      o = u.op("Div", {o, u.op("Add", {n, u.f32(u.number("eps"))})});
    }
    step.kept = {o};
    return step;
  });
  u.out(0, onnx_time_first(u, y.back(), 4));
}

void onnx_delta_rule(OnnxUse& u) {
  const int64_t H = u.shape(1)[2], D = u.shape(1)[3], E = u.shape(2)[3];
  const bool gated = u.has(4);
  ScanNames slices = {u.op("Mul", {onnx_time_first(u, u.in(0), 4), u.f32(u.number("scale"))}),
                      onnx_time_first(u, u.in(1), 4), onnx_time_first(u, u.in(2), 4),
                      onnx_time_first(u, u.in(3), 3)};
  if (gated) slices.push_back(onnx_time_first(u, u.op("Exp", {u.in(4)}), 3));
  const std::string zero =
      u.zeros({u.dim(2, 0), u.constant_size(H), u.constant_size(D), u.constant_size(E)});
  const ScanNames y =
      u.scan({zero}, slices, false, [&](const ScanNames& s, const ScanNames& x) -> OnnxStep {
        const std::string state = gated ? u.op("Mul", {s[0], u.unsqueeze(x[4], {2, 3})}) : s[0];
        const std::string wrong = u.op("Sub", {x[2], read(u, state, x[1])});
        const std::string step = u.op("Mul", {wrong, u.unsqueeze(x[3], {2})});
        const std::string next = u.op("Add", {state, outer(u, x[1], step)});
        return {{next}, {read(u, next, x[0])}};
      });
  u.out(0, onnx_time_first(u, y[1], 4));
}

void onnx_selective_scan(OnnxUse& u) {
  enum Input { kX, kDt, kA, kB, kC, kD };

  const std::string dt = u.flag("softplus") ? u.op("Softplus", {u.in(kDt)}) : u.in(kDt);
  const ScanNames slices = {onnx_time_first(u, u.in(kX), 3), onnx_time_first(u, dt, 3),
                            onnx_time_first(u, u.in(kB), 3), onnx_time_first(u, u.in(kC), 3)};
  const std::string zero = u.zeros({u.dim(kX, 0), u.dim(kX, 2), u.dim(kA, 1)});
  const ScanNames y =
      u.scan({zero}, slices, false, [&](const ScanNames& s, const ScanNames& x) -> OnnxStep {
        const std::string wide = u.unsqueeze(x[1], {2});  // [B,C,1]
        const std::string decay = u.op("Exp", {u.op("Mul", {wide, u.in(kA)})});
        const std::string in = u.unsqueeze(u.op("Mul", {x[1], x[0]}), {2});
        const std::string taken = u.op("Mul", {in, u.unsqueeze(x[2], {1})});
        const std::string next = u.op("Add", {u.op("Mul", {decay, s[0]}), taken});
        return {{next}, {u.sum(u.op("Mul", {next, u.unsqueeze(x[3], {1})}), {2}, false)}};
      });
  std::string out = onnx_time_first(u, y[1], 3);
  if (u.has(kD)) out = u.op("Add", {out, u.op("Mul", {u.in(kX), u.in(kD)})});
  u.out(0, out);
}
}  // namespace cambium
