// Recompute table: what recompute saves and costs, as lines under a model's table.
#pragma once
#include "core/text/json_forward.h"
#include "train/graphs/recompute_plan.h"

namespace cambium {
std::string to_text(const RecomputePrice& price);
Json to_json(const RecomputePrice& price);
}  // namespace cambium
