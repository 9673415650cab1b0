// Padding: what blocks need to know of places that hold nothing real. The mask of a stream says
// where they are; what is real, and its gradient, must depend neither on how many they are nor on
// what they hold. A block that makes other places out of them says which of those are real
// (Stream::mask), or refuses; the builder refuses for one that does neither.
#pragma once
#include "blocks/layers.h"

namespace cambium {
// The stream's mask as [batch,places,1], 1 where something real is; none when its data is not
// padded.
Value padding_mask(const Stream& s);

// Whether the mask, if there is one, is that of the stream's places.
bool mask_fits(const Stream& s);

// UserError when the stream is padded: `what` says why the block cannot be right then.
void refuse_padding(const Stream& s, const std::string& what, const std::string& help);

// Tokens or a grid with zeros where the data is padded, so that a window over several of them sees
// there what it sees beyond the ends; other streams as they are.
Stream with_padding_zeroed(Builder& b, Stream s);

// The mask of streams that are joined place by place: real is what is real in all of them.
Value joined_mask(Builder& b, std::span<const Stream> streams);

// normalise() of an x [...,C] with the places of s: group and instance take its examples, and their
// statistics and those of batch, of the batch and the running ones, count real places alone, as if
// the data were not padded.
Value normalise_places(Builder& b, std::string_view kind, Value x, const Stream& s,
                       NormOptions o = {});

// x [B,P,C] and a mask of it to [B,C], over real places alone. kind: mean, sum, max, first, last or
// attention (weights from the parameter "score.weight" [C,1]); 0 for an example without any.
Value pool_unpadded(Builder& b, const std::string& kind, Value x, Value mask);

// A mask [B,P,1] of the same places behind `more`, which are real.
Value mask_behind(Builder& b, int64_t more, Value mask);

// Windows that slide over the rows and columns of a grid [B,Y,X,C], as convolutions and pools place
// them ("same" or "valid").
struct Windows {
  int64_t kernel_y = 1, kernel_x = 1, stride = 1, dilation = 1;
  std::string_view padding = "same";
};

// A grid and its mask [B,Y,X,1], if it is padded.
struct PaddedGrid {
  Value x, mask;
};

// The grid of a stream, or its tokens as one column or in the grid they remember.
PaddedGrid as_grid(Builder& b, const Stream& s, bool line = false);

// With "same", as many rows more as make a padded grid's a multiple of the stride: where windows
// stand must not depend on how much padding there is.
PaddedGrid whole_strides(Builder& b, PaddedGrid g, const Windows& w);

// Which windows over a padded grid are real, [B,Y',X',1]: with "same" those whose stride begins at
// a real place, with "valid" those that end at one.
Value mask_of_windows(Builder& b, Value mask, const Windows& w);

// The mask of a grid as a stream keeps it, [B,places]; none for none.
Value flat_mask(Builder& b, Value mask);

// x where the mask is 1, and far below it where it is 0: for maxima.
Value pushed_out(Builder& b, Value x, Value mask);

// convolve() of a grid stream that may be padded.
Stream convolve_places(Builder& b, Stream s, const ConvOptions& options);
}  // namespace cambium
