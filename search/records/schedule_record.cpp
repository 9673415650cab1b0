#include "search/records/schedule_record.h"

#include <algorithm>

#include "core/system/files.h"
#include "search/records/record_items.h"

namespace cambium {
namespace {
RecordedCurve curve_of(const JsonItem& item) {
  return {.name = item.needed_text("curve"),
          .fitted = item.yes("fitted"),
          .points = item.whole("points"),
          .mean_error = item.number("mean_error"),
          .largest_error = item.number("largest_error"),
          .largest_at = item.number("largest_at")};
}

void read_steps(ScheduleRecord& s, const std::string& path) {
  const Csv csv = load_csv(path);
  const auto column = [&](std::string_view name) {
    const auto at = std::ranges::find(csv.header, name);
    require(at != csv.header.end(), path, " has no column '", name, "'");
    return size_t(at - csv.header.begin());
  };
  const size_t curve = column("curve"), step = column("step"), rate = column("lr"),
               loss = column("loss"), law = column("law");
  RecordedCurve* of = nullptr;
  for (size_t r = 0; r < csv.rows.size(); ++r) {
    if (!of || of->name != csv.rows[r][curve]) {
      const auto at = std::ranges::find(s.curves, csv.rows[r][curve], &RecordedCurve::name);
      require(at != s.curves.end(), path, ": there is no curve '", csv.rows[r][curve], "'");
      of = &*at;
    }
    of->steps.push_back(number_in(csv, r, step));
    of->rates.push_back(number_in(csv, r, rate));
    of->losses.push_back(csv.rows[r][loss].empty() ? kUnknown : number_in(csv, r, loss));
    of->law.push_back(number_in(csv, r, law));
  }
}
}  // namespace

bool is_schedule_folder(const std::string& folder) {
  const std::string path = folder + "/scale.json";
  if (!file_exists(path)) return false;
  const Json json = load_json(path);
  return json.is_object() && json.contains("curves");
}

ScheduleRecord read_schedule_folder(const std::string& folder) {
  const std::string path = folder + "/scale.json";
  if (!file_exists(path))
    throw UserError(str("'", folder, "' holds no law of trainings: there is no scale.json"),
                    "give the folder that `cambium scale -o` wrote");
  const Json json = load_json(path);
  const JsonItem top(json, path);
  ScheduleRecord s{.law = top.needed_text("law"),
                   .formula = top.text("formula"),
                   .paper = top.text("paper"),
                   .command = top.text("command"),
                   .converged = top.yes("converged", true),
                   .parameters = top.numbers("parameters"),
                   .mean_error = top.number("mean_error"),
                   .largest_error = top.number("largest_error"),
                   .curves = {}};
  for (const JsonItem& c : top.items("curves")) s.curves.push_back(curve_of(c));
  read_steps(s, folder + "/curves.csv");
  return s;
}
}  // namespace cambium
