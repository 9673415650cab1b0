// State line: what a model keeps of a sequence while it generates, as a line under its table.
#pragma once
#include "core/text/json_forward.h"
#include "train/generate/generation_state.h"

namespace cambium {
std::string to_text(const GenerationState& state);
Json to_json(const GenerationState& state);
}  // namespace cambium
