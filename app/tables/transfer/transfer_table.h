// Transfer table: what becomes of the tensors of a spec with `init:`, and what `freeze:` holds,
// when it begins to learn (`unfreeze:`), and how fast layers do (`train.layer_decay`).
#pragma once
#include "core/text/json_forward.h"
#include "train/spec/experiment.h"

namespace cambium {
// Adds a table of all tensors, and the share of what is trained, where the spec says anything of
// either; as keys init, frozen, unfreeze and layer_decay of the answer. `model`: its training graph.
void add_transfer(const Experiment& e, const Graph& model, std::string& text, Json& answer);

// The same in a line each.
void add_transfer_line(const Experiment& e, const Graph& model, std::string& text, Json& answer);
}  // namespace cambium
