// Steps: what blocks with a memory do when they see one token at a time (Builder::step). Each
// function emits the operator over whole sequences, or one step of it on states that begin as they
// are before the first token. (Attention keeps its tokens in caches: blocks/transformer/attend.h.)
#pragma once
#include "blocks/block.h"

namespace cambium {
// x [B,T,...] behind the `reach` tokens before it, zeros before the first: [B,reach + T,...]. The
// state is "<path>.past".
Value with_past(Builder& b, Value x, int64_t reach);

// A table [T,...] of what goes with each place; in a step, when T is the context, the row [1,1,...]
// of this token's place.
Value of_place(Builder& b, Value table);

// In a step: writes the token's x [B,1,...] into the cache "<name>_cache" [B,context,...] and
// answers that. With a `window` below the context, 0 = none, the cache is a ring of the last
// `window` tokens.
Value remember(Builder& b, std::string_view name, Value x, int64_t window = 0);

// UserError in a step unless the block looks back only.
void require_looks_back(const Builder& b, bool causal);

// linear_scan: h_t = keep_t h_{t-1} + add_t. [B,T,I]
Value scan_linearly(Builder& b, Value keep, Value add);

struct LinearMemory {
  bool normalise = false;
  double scale = 1, eps = 1e-6;
};

// linear_attention: S_t = e^g_t S_{t-1} + k_t v_t^T, o_t = scale S_t^T q_t; g may be none.
Value attend_linearly(Builder& b, Value q, Value k, Value v, Value g, const LinearMemory& o);

// delta_rule: S_t = a_t S_{t-1} + beta_t k_t (v_t - a_t S_{t-1}^T k_t)^T with a = e^g, or 1 without
// g; o_t = scale S_t^T q_t.
Value correct_by_delta(Builder& b, Value q, Value k, Value v, Value beta, Value g, double scale);

// selective_scan of x, dt [B,T,I], rates [I,N], into and out_of [B,T,N], d [I].
Value scan_selectively(Builder& b, Value x, Value dt, Value rates, Value into, Value out_of,
                       Value d);

// wkv: the average of values v weighted by e^k, decaying by w a step, with the present's bonus u.
Value average_wkv(Builder& b, Value k, Value v, Value w, Value u);

// lstm, gru and rnn: x [B,T,gates H] holds the input's products, w [H,gates H].
Value walk_lstm(Builder& b, Value x, Value w, bool reverse);
Value walk_gru(Builder& b, Value x, Value w, Value bias, bool reverse);
Value walk_rnn(Builder& b, Value x, Value w, std::string_view activation, bool reverse);
}  // namespace cambium
