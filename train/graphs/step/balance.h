// Balance: the auxiliary losses of blocks (blocks/auxiliary.h) when several batches make an update.
// Such a loss is a product of two means over tokens, so the mean of the batches' losses is not that
// of the update. A pass over all batches of the update, without gradients, first counts its shares;
// then each batch adds its part, which is linear.
#pragma once
#include "graph/graph.h"

namespace cambium {
// Whether the graph has auxiliary losses.
bool has_balances(const Graph& g);

// Adds to the states "update_*" what the batch has: `scored` f32 [], what its loss is a mean over,
// and of each auxiliary loss its tokens and their shares.
void emit_shares(Graph& g, Value scored);

// The graph with the shares of the whole update in the auxiliary losses.
Graph with_shares(const Graph& g);

// `sum` f32 [], a batch's part of the sum whose quotient by the update's scored weight is trained
// on, with its part of the auxiliary losses. Of a graph from with_shares.
Value plus_balances(Value sum);

// The sums above begin at 0 with the next update; `g` updates, `step` has the states.
void clear_shares(Graph& g, const Graph& step);
}  // namespace cambium
