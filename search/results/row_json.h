// Row JSON: what rows of summary.json have in common. Internal to results.
#pragma once
#include "core/text/json_item.h"
#include "search/verdict/decision.h"

namespace cambium {
// Both ends null without one.
void put_interval(Json& row, const char* low, const char* high, const std::optional<Interval>& i);
// None unless both ends are known.
std::optional<Interval> interval_from(const JsonItem& row, const char* low, const char* high);

void put_outlook(Json& row, const std::optional<Outlook>& outlook);
std::optional<Outlook> outlook_from(const JsonItem& row);
}  // namespace cambium
