// The way from queries, keys and values to the fused operators: whole sequences and one token at a
// time.
#pragma once
#include "blocks/padding.h"
#include "blocks/steps.h"
#include "blocks/transformer/heads.h"

namespace cambium {
// [B,T,H,D] -> [B d, T / d, H, D]: tokens of one residue modulo d become a sequence; or the way
// back.
inline Value fold_residues(Builder& b, Value x, int64_t d, bool back) {
  const Shape& s = x.shape();
  const std::vector<int64_t> split = back ? std::vector<int64_t>{s[0] / d, d, s[1], s[2], s[3]}
                                          : std::vector<int64_t>{s[0], s[1] / d, d, s[2], s[3]};
  const std::vector<int64_t> joined = back ? std::vector<int64_t>{s[0] / d, s[1] * d, s[2], s[3]}
                                           : std::vector<int64_t>{s[0] * d, s[1] / d, s[2], s[3]};
  const Value parts = b.emit("reshape", {x}, {{"shape", split}});
  const Value turned =
      b.emit("transpose", {parts}, {{"perm", std::vector<int64_t>{0, 2, 1, 3, 4}}});
  return b.emit("reshape", {turned}, {{"shape", joined}});
}

// The same of a mask [B,S].
inline Value fold_mask(Builder& b, Value mask, int64_t d) {
  const int64_t batch = mask.shape()[0], keys = mask.shape()[1];
  const auto reshaped = [&](Value x, std::vector<int64_t> shape) {
    return b.emit("reshape", {x}, {{"shape", std::move(shape)}});
  };
  const Value folded = fold_residues(b, reshaped(mask, {batch, keys, 1, 1}), d, false);
  return reshaped(folded, {batch * d, keys / d});
}

// Optional inputs of the attention operators; none where left out.
struct AttentionInputs {
  Value bias, sinks, blocks, mask, pairs;
};

// Which tokens of the stream are real, as attention's mask [B,T]; none when all are.
inline Value real_keys(Builder& b, const Stream& s) {
  const Value mask = padding_mask(s);
  if (!mask) return {};
  return b.emit("reshape", {mask}, {{"shape", std::vector<int64_t>{s.shape()[0], s.shape()[1]}}});
}

// The attention operator on inputs that stay whole: q [B,T,H,D], k [B,S,G,D] and v
// [B,S,G,E] to [B,T,H,E].
inline Value emit_attention(Builder& b, const Heads& a, std::vector<Value> qkv,
                            const AttentionInputs& more, Args args) {
  const bool drop = a.dropout > 0 && b.training;
  args.insert(args.end(), {{"scale", a.scale}, {"soft_cap", a.soft_cap}});
  if (drop) args.push_back({"dropout", a.dropout});
  if (drop) args.push_back({"stream", b.random_stream("weights")});
  qkv.insert(qkv.end(),
             {drop ? b.rng() : Value{}, more.bias, more.sinks, more.blocks, more.mask, more.pairs});
  while (!qkv.back()) qkv.pop_back();
  return b.emit("attention", std::move(qkv), args);
}

// The score of each head's sink [H].
inline Value sinks_of(Builder& b, const Heads& a) {
  return a.sinks ? b.weight("sinks", Weight::bias(a.heads)) : Value{};
}

// Which of the cached keys count: the `keep` with the highest scores (0: all), those of the listed
// blocks (none: all).
struct StepKeys {
  int64_t keep = 0, block = 0;
  Value blocks = {};
};

// softmax(q k^T) v of one token for the cached keys and values.
inline Value attend_step(Builder& b, const Heads& a, bool causal, Value q, Value k, Value v,
                         const StepKeys& keys = {}) {
  require(causal && a.dilation == 1,
          "only causal attention without dilation works one token at a time");
  k = remember(b, "k", k, a.window);
  v = remember(b, "v", v, a.window);
  const int64_t held = k.shape()[1];
  const Value bias = a.position == "t5"
                         ? relative_bias(b, a, relative_table(b, a), causal, {held, held, 0})
                         : Value{};
  std::vector<Value> in = {q, k, v, b.step->position, bias, sinks_of(b, a), keys.blocks};
  while (!in.back()) in.pop_back();
  return b.emit("attention_step", std::move(in),
                {{"causal", causal},
                 {"window", a.window},
                 {"alibi", a.position == "alibi"},
                 {"scale", a.scale},
                 {"soft_cap", a.soft_cap},
                 {"block", keys.block},
                 {"keep", keys.keep}});
}

// softmax(q k^T) v for q [B,T,H,D], k [B,S,G,D] and v [B,S,G,E]: [B,T,H,E]. Positions count from
// the start of either sequence; `mask` [B,S] and `pairs` [1 or B,H,S,T] may be none.
inline Value attend(Builder& b, const Heads& a, bool causal, Value q, Value k, Value v, Value mask,
                    Value pairs = {}) {
  if (b.step) return attend_step(b, a, causal, q, k, v);
  if (a.dilation > 1) {
    const int64_t t = q.shape()[1];
    if (t % a.dilation != 0)
      throw OptionError("dilation", str("dilation = ", a.dilation, " does not divide T = ", t),
                        "use a dilation that divides the number of tokens");
    for (Value* x : {&q, &k, &v}) *x = fold_residues(b, *x, a.dilation, false);
    if (mask) mask = fold_mask(b, mask, a.dilation);
  }
  AttentionInputs more;
  const Distances distances{q.shape()[1], k.shape()[1], 0, a.dilation};
  const bool alibi = a.position == "alibi";
  if (a.position == "t5")
    more.bias = relative_bias(b, a, relative_table(b, a), causal, distances);
  else if (alibi && a.dilation > 1)  // the operator's own count the tokens of one residue
    more.bias = alibi_bias(b, a, distances);
  more.sinks = sinks_of(b, a);
  more.mask = mask;
  more.pairs = pairs;
  const Value o =
      emit_attention(b, a, {q, k, v}, more,
                     {{"causal", causal}, {"window", a.window}, {"alibi", alibi && !more.bias}});
  return a.dilation > 1 ? fold_residues(b, o, a.dilation, true) : o;
}
}  // namespace cambium
