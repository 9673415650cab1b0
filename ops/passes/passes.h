// Passes that know what operators can do, each from the operators' own records.
#pragma once
#include "graph/graph.h"

namespace cambium {
// Attention that reads queries and keys from rope reads what rope reads, and turns them as it packs
// its tiles; its gradient turns dq and dk back as it writes them. No rotated copy is written.
Graph fuse_rope(const Graph& g);

// Every product (Op::bf16) in bf16: its operands are cast, its result stays f32, and the gradient
// of a bias is summed from the f32 gradient. A value that several products use is cast once, after
// share_common.
Graph place_casts(const Graph& g);

// What place_casts leaves to do around convolutions: a result that only batch norm, casts and
// pointwise ops of its shape read is written in bf16 by its maker. Halves the memory traffic of a
// residual network outside its products; sums and statistics stay f32.
Graph store_narrow(const Graph& g);

// Convolutions that suit Winograd's filtering work on images in blocks of 16 channels; so do other
// convolutions, batch norm and pointwise ops that find at least half of their images in blocks. The
// copies that are left are nodes, each made once.
Graph keep_blocked(const Graph& g);
}  // namespace cambium
