// The answers of `cambium scale` of whole trainings, as text, as JSON and as a table.
#pragma once
#include <string>

#include "core/text/json_forward.h"
#include "search/laws/schedule/schedule_law.h"

namespace cambium {
std::string schedule_text(const ScheduleAnswer& answer);
Json schedule_json(const ScheduleAnswer& answer);
// A line a step: what was measured and what the law says.
std::string schedule_csv(const ScheduleAnswer& answer);
}  // namespace cambium
