// Tokens: their order, and trained ones among them.
#pragma once
#include "blocks/padding.h"

namespace cambium {
// Trained tokens that a block put among others: at which place, and what the others were like, so
// that either can be taken out again.
struct Latents {
  int64_t count = 0;
  // So many others stand before them. In padded data 0, or all: then they stand behind the last
  // real one.
  int64_t at = 0;
  Stream others;  // its x is of then
  Value mask;     // of both together
};

// x [B,T,...] of tokens: what is real in reverse, padding where it is.
Value reversed(Builder& b, const Stream& s, Value x);

// The tokens so, and what they remember.
Stream reversed(Builder& b, Stream s);

// `count` trained tokens, the same for every example, [B,count,width]: the parameter `name`
// [1,count,width], N(0, std) at first.
Value trained_tokens(Builder& b, std::string_view name, const Stream& s, int64_t count,
                     int64_t width, double std);

// The tokens with `trained` [B,n,C] in front of them (place = first), in the middle, or (last)
// behind the last real one of each example. UserError for the middle of padded ones.
Stream with_latents(Builder& b, const Stream& s, Value trained, std::string_view place);

// The others of the tokens, as they were before trained ones came to them; or those alone.
// UserError when there are none, or the number of tokens or the padding has changed since.
Stream without_latents(Builder& b, const Stream& s);
Stream latents_alone(Builder& b, const Stream& s);
}  // namespace cambium
