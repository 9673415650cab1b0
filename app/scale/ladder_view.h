// Ladders as text and as JSON: what is planned, and what came out.
#pragma once
#include <string>

#include "core/text/json_forward.h"
#include "search/ladder/ladder_answer.h"

namespace cambium {
// What the runs are and cost, with the hours they take `jobs` side by side where steps were timed,
// and what is to be known of them: passes over the data, how parameters are counted.
std::string ladder_text(const LadderPlan& plan, int64_t jobs);
Json ladder_json(const LadderPlan& plan);

// The laws, the data's own loss beside them, and runs that are missing.
std::string ladder_answer_text(const LadderPlan& plan, const LadderAnswer& answer);
// What scale.json holds: the keys of `cambium scale POINTS.csv`, and those of the ladder.
Json ladder_answer_json(const LadderPlan& plan, const LadderAnswer& answer);
}  // namespace cambium
