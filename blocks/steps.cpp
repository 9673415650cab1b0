#include "blocks/steps.h"

#include <algorithm>

#include "blocks/layers.h"

namespace cambium {
namespace {
Value times(Builder& b, Value x, Value y) {
  return b.emit("mul", {x, y});
}

Value plus(Builder& b, Value x, Value y) {
  return b.emit("add", {x, y});
}

Value minus(Builder& b, Value x, Value y) {
  return b.emit("sub", {x, y});
}

Value sum_over(Builder& b, Value x, int64_t axis) {
  return b.emit("reduce_sum", {x}, {{"axes", std::vector<int64_t>{axis}}, {"keep", false}});
}

// Channels [i n, (i + 1) n).
Value part(Builder& b, Value x, int64_t i, int64_t n) {
  return b.emit("slice", {x}, {{"begin", i * n}, {"end", (i + 1) * n}});
}

// What "<path>.<name>" holds before this token; zeros before the first unless `start` says more.
Value recall(Builder& b, std::string_view name, const Shape& shape, Init start = {}) {
  return b.state(name, {DType::kF32, shape}, start);
}

// The hidden state of a walk over tokens, [B,1,H].
Value recall_hidden(Builder& b, Value x, Value w, bool reverse) {
  require(!reverse, "bidirectional: a walk from the last token needs the whole sequence");
  return recall(b, "h", {x.shape()[0], 1, w.shape()[0]});
}
}  // namespace

Value with_past(Builder& b, Value x, int64_t reach) {
  if (reach == 0) return x;
  if (!b.step) return b.emit("pad", {x}, {{"axis", 1}, {"before", reach}, {"after", 0}});
  Shape past = x.shape();
  past.set(1, reach);
  const Value state = recall(b, "past", past);
  const Value all = b.emit("concat", {state, x}, {{"axis", 1}});
  b.update_state(state, b.emit("slice", {all}, {{"axis", 1}, {"begin", 1}, {"end", reach + 1}}));
  return all;
}

Value of_place(Builder& b, Value table) {
  return b.step ? b.emit("embed", {table, b.step->position}) : table;
}

Value remember(Builder& b, std::string_view name, Value x, int64_t window) {
  const bool ring = window > 0 && window < b.step->context;
  Shape all = x.shape();
  all.set(1, ring ? window : b.step->context);
  const Value cache = recall(b, str(name, "_cache"), all);
  const Value next = b.emit("cache_write", {cache, x, b.step->position}, {{"ring", ring}});
  b.update_state(cache, next);
  return next;
}

void require_looks_back(const Builder& b, bool causal) {
  require(!b.step || causal, "only its causal form works one token at a time");
}

Value scan_linearly(Builder& b, Value keep, Value add) {
  if (!b.step) return b.emit("linear_scan", {keep, add});
  const Value state = recall(b, "h", add.shape());
  const Value h = plus(b, times(b, keep, state), add);
  b.update_state(state, h);
  return h;
}

// The state is [B,G,H/G,D,E]; with `normalise` v has a column of ones more, as in the operator.
Value attend_linearly(Builder& b, Value q, Value k, Value v, Value g, const LinearMemory& o) {
  if (!b.step) {
    std::vector<Value> in = {q, k, v};
    if (g) in.push_back(g);
    return b.emit("linear_attention", in,
                  {{"normalise", o.normalise}, {"scale", o.scale}, {"eps", o.eps}});
  }
  const int64_t batch = v.shape()[0], heads = v.shape()[2], width = v.shape()[3];
  const int64_t groups = k.shape()[2], d = k.shape()[3], each = heads / groups;
  if (o.normalise) {
    v = b.emit("concat", {v, b.filled(v.shape().with_last(1), 1)});
  }
  const int64_t columns = v.shape()[3];
  const Value state = recall(b, "s", {batch, groups, each, d, columns});
  Value kept = state;
  if (g) {
    const bool by_head = g.shape().rank() == 1, by_channel = g.shape().rank() == 4;
    const Value wide = reshaped(b, g, {by_head ? 1 : batch, groups, each, by_channel ? d : 1, 1});
    kept = times(b, b.emit("exp", {wide}), state);
  }
  const Value key = reshaped(b, k, {batch, groups, 1, d, 1});
  const Value s = plus(b, kept, times(b, key, reshaped(b, v, {batch, groups, each, 1, columns})));
  b.update_state(state, s);
  const Value sum = sum_over(b, times(b, reshaped(b, q, {batch, groups, 1, d, 1}), s), 3);
  Value y = b.emit("scale", {reshaped(b, sum, {batch, 1, heads, columns})}, {{"a", o.scale}});
  if (!o.normalise) return y;
  const Value total = b.emit("slice", {y}, {{"begin", width}, {"end", width + 1}});
  y = b.emit("slice", {y}, {{"begin", int64_t{0}}, {"end", width}});
  return b.emit("div", {y, plus(b, total, b.graph.scalar(o.eps))});
}

Value correct_by_delta(Builder& b, Value q, Value k, Value v, Value beta, Value g, double scale) {
  if (!b.step) {
    std::vector<Value> in = {q, k, v, beta};
    if (g) in.push_back(g);
    return b.emit("delta_rule", in, {{"scale", scale}});
  }
  const int64_t batch = v.shape()[0], heads = v.shape()[2], d = k.shape()[3], e = v.shape()[3];
  const auto by_head = [&](Value x) { return reshaped(b, x, {batch, heads, 1, 1}); };
  const Value state = recall(b, "s", {batch, heads, d, e});
  const Value kept = g ? times(b, by_head(b.emit("exp", {g})), state) : state;
  const Value key = reshaped(b, k, {batch, heads, d, 1});
  const Value seen = reshaped(b, sum_over(b, times(b, key, kept), 2), {batch, heads, 1, e});
  const Value error = minus(b, reshaped(b, v, {batch, heads, 1, e}), seen);
  const Value s = plus(b, kept, times(b, times(b, by_head(beta), key), error));
  b.update_state(state, s);
  const Value y = sum_over(b, times(b, reshaped(b, q, {batch, heads, d, 1}), s), 2);
  return b.emit("scale", {reshaped(b, y, {batch, 1, heads, e})}, {{"a", scale}});
}

Value scan_selectively(Builder& b, Value x, Value dt, Value rates, Value into, Value out_of,
                       Value d) {
  if (!b.step) return b.emit("selective_scan", {x, dt, rates, into, out_of, d});
  const int64_t batch = x.shape()[0], inner = x.shape()[2], n = rates.shape()[1];
  const Value state = recall(b, "h", {batch, inner, n});
  const Value step = b.emit("softplus", {dt});  // [B,1,I]
  const Value decay = b.emit("exp", {times(b, reshaped(b, step, {batch, inner, 1}), rates)});
  const Value heard = reshaped(b, times(b, step, x), {batch, inner, 1});
  const Value h = plus(b, times(b, decay, state), times(b, heard, into));  // into [B,1,N]
  b.update_state(state, h);
  const Value y = reshaped(b, sum_over(b, times(b, h, out_of), 2), {batch, 1, inner});
  return plus(b, y, times(b, x, d));
}

// Both sums are kept divided by e^p, with p the largest exponent so far.
Value average_wkv(Builder& b, Value k, Value v, Value w, Value u) {
  if (!b.step) return b.emit("wkv", {k, v, w, u});
  const Value above = recall(b, "above", k.shape()), below = recall(b, "below", k.shape());
  const Value most = recall(b, "exponent", k.shape(), {Init::kConstant, -1e30});
  const auto mixed = [&](Value old, Value before, Value x, Value now) {  // e^old before + e^now x
    const Value term = b.emit("exp", {now});
    return plus(b, times(b, b.emit("exp", {old}), before), x ? times(b, term, x) : term);
  };
  const Value now = plus(b, k, u), top = b.emit("maximum", {most, now});
  const Value past_share = minus(b, most, top), share = minus(b, now, top);
  const Value y =
      b.emit("div", {mixed(past_share, above, v, share), mixed(past_share, below, {}, share)});
  const Value faded = plus(b, most, w), next = b.emit("maximum", {faded, k});
  const Value old = minus(b, faded, next), added = minus(b, k, next);
  b.update_state(above, mixed(old, above, v, added));
  b.update_state(below, mixed(old, below, {}, added));
  b.update_state(most, next);
  return y;
}

Value walk_lstm(Builder& b, Value x, Value w, bool reverse) {
  if (!b.step) return b.emit("lstm", {x, w}, {{"reverse", reverse}});
  const Value old = recall_hidden(b, x, w, reverse), cell = recall(b, "c", old.shape());
  const int64_t n = w.shape()[0];
  const Value sum = plus(b, x, b.emit("linear", {old, w}));
  const auto gate = [&](int64_t i) { return b.emit("sigmoid", {part(b, sum, i, n)}); };
  const Value fresh = times(b, gate(0), b.emit("tanh", {part(b, sum, 2, n)}));
  const Value c = plus(b, times(b, gate(1), cell), fresh);
  const Value h = times(b, gate(3), b.emit("tanh", {c}));
  b.update_state(cell, c);
  b.update_state(old, h);
  return h;
}

Value walk_gru(Builder& b, Value x, Value w, Value bias, bool reverse) {
  if (!b.step) {
    std::vector<Value> in = {x, w};
    if (bias) in.push_back(bias);
    return b.emit("gru", in, {{"reverse", reverse}});
  }
  const Value old = recall_hidden(b, x, w, reverse);
  const int64_t n = w.shape()[0];
  std::vector<Value> in = {old, w};
  if (bias) in.push_back(bias);
  const Value sum = b.emit("linear", in);
  const auto gate = [&](int64_t i) {
    return b.emit("sigmoid", {plus(b, part(b, x, i, n), part(b, sum, i, n))});
  };
  const Value heard = times(b, gate(0), part(b, sum, 2, n));
  const Value fresh = b.emit("tanh", {plus(b, part(b, x, 2, n), heard)});
  const Value h = plus(b, fresh, times(b, gate(1), minus(b, old, fresh)));
  b.update_state(old, h);
  return h;
}

Value walk_rnn(Builder& b, Value x, Value w, std::string_view activation, bool reverse) {
  if (!b.step)
    return b.emit("rnn", {x, w}, {{"activation", std::string(activation)}, {"reverse", reverse}});
  const Value old = recall_hidden(b, x, w, reverse);
  const Value h = b.emit(activation, {plus(b, x, b.emit("linear", {old, w}))});
  b.update_state(old, h);
  return h;
}
}  // namespace cambium
