// Padding: what blocks need to know of places that hold nothing real.
#pragma once
#include "blocks/layers.h"

namespace cambium {
// The stream's mask as [batch,places,1], 1 where something real is, when its data is padded and it
// still has the data's places; else nothing.
Value padding_mask(const Stream& s);

// Tokens with zeros where the data is padded, so that a window over several of them sees there what
// it sees beyond the ends; other streams as they are.
Stream with_padding_zeroed(Builder& b, Stream s);

// normalise() of an x [...,C] with the places of s: group and instance take its examples, and their
// statistics and those of batch, of the batch and the running ones, count real places alone, as if
// the data were not padded.
Value normalise_places(Builder& b, std::string_view kind, Value x, const Stream& s,
                       NormOptions o = {});

// x [B,P,C] and a mask of it to [B,C], over real places alone. kind: mean, sum, max or attention
// (weights from the parameter "score.weight" [C,1]); 0 for an example without any. UserError for
// another kind: nobody knows here where an example ends.
Value pool_unpadded(Builder& b, const std::string& kind, Value x, Value mask);
}  // namespace cambium
