// What most operators answer to Op::reach: one line of a record. Others have an answer of their
// own.
#pragma once
#include "graph/reach/reach.h"
#include "ops/conv/support/window.h"

namespace cambium {
using ReachFunction = void(const Call&, std::span<const Reach> in, std::span<Reach> out);

// Every element of every output hears all there is. True of losses and sums over everything; also
// what gradients, updates and steps of generation say, which no model's forward graph holds.
ReachFunction reach_all;

// What is made of a graph's edges alone.
ReachFunction reach_nothing;

// Each element hears those at its place in the inputs that broadcast to it, and all of the others,
// such as random numbers.
ReachFunction reach_pointwise;

// Each element hears its whole row of the first input, and all of the other inputs, which are
// weights. The outputs have a row or a number for each row of x; what has neither hears all.
ReachFunction reach_rows;

// x [B,T,...] and every other input [B,T,...] of rank 3 or more: place t hears the places up to it,
// of all channels. The other inputs are weights.
ReachFunction reach_back;

// The same in either direction.
void reach_in_order(const Call& c, std::span<const Reach> in, std::span<Reach> out, bool reversed);

// Windows that slide along an axis.
Reach windows(const Reach& r, int axis, const Window& w);

// What the inputs from `first` on hear together.
Heard whole_from(std::span<const Reach> in, size_t first);

// r of rank 1 or more as [rows], and [rows] as a value of that shape: the same in all of a row.
Reach as_rows(const Reach& r);
Reach from_rows(const Reach& rows, const Shape& to);
}  // namespace cambium
