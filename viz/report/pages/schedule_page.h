// The report of a law along whole trainings: how far it is from each curve, pictures, parameters.
#pragma once
#include "search/records/schedule_record.h"
#include "viz/plot/figure.h"

namespace cambium {
// `figures` as schedule_figures() gives them. Equal results, equal bytes.
std::string schedule_page(const ScheduleRecord& s, const std::vector<Figure>& figures);
}  // namespace cambium
