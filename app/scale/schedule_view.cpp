#include "app/scale/schedule_view.h"

#include <cmath>

#include "app/tables/table.h"
#include "core/text/csv.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string percent(double share) {
  return fmt::format("{:.3f} %", 100 * share);
}

std::string curves_table(const ScheduleAnswer& answer) {
  Table table({2, 3, 4, 5, 6, 7});
  table.row({"curve", "", "steps", "mean error", "largest", "at step", "last loss", "law"});
  for (const CurveAnswer& a : answer.answers) {
    const std::string name = visible(a.curve->name);
    if (a.points == 0)
      table.row({name, "foretold", str(a.law.size()), "-", "-", "-", "-",
                 fmt::format("{:.4f}", a.law.back())});
    else
      table.row({name, a.fitted ? "fitted" : "foretold", str(a.points), percent(a.mean_error),
                 percent(a.largest_error), str(int64_t(a.largest_at)),
                 fmt::format("{:.4f}", a.last_measured), fmt::format("{:.4f}", a.last_foretold)});
  }
  return table.text();
}

std::string parameters_line(const ScheduleAnswer& answer) {
  std::string out;
  for (size_t i = 0; i < answer.theta.size(); ++i)
    out += fmt::format("{}{} {:.4g}", i ? ", " : "", answer.law->parameters[i].name,
                       shown_parameter(*answer.law, answer.theta, i));
  return out;
}

Json number_json(double v) {
  return std::isfinite(v) ? Json(v) : Json();
}
}  // namespace

std::string schedule_text(const ScheduleAnswer& answer) {
  std::string out =
      str("law ", answer.law->name, ": ", answer.law->formula, " (", answer.law->paper, ")\n",
          answer.points,
          fmt::format(" steps fitted; the sum of Huber(1e-3) of the log loss is {:.6g}\n",
                      answer.objective));
  if (!answer.converged)
    out += "warning: the descent had not ended after its last step; parameters may lie elsewhere\n";
  if (!answer.open.empty())
    out += str("warning: these curves leave ", answer.open,
               " open: it changes the law as the parameters before it do, and what stands below "
               "for it and for them is one of many that fit alike\n");
  out += parameters_line(answer) + "\n" + curves_table(answer);
  if (std::isfinite(answer.mean_error()))
    out += str("foretold: mean error ", percent(answer.mean_error()), ", largest of a curve ",
               percent(answer.largest_error()), " (both the mean over curves)\n");
  return out +
         "steps of a curve stray together: they are no runs, and none of this has an interval\n";
}

Json schedule_json(const ScheduleAnswer& answer) {
  Json json = {{"law", answer.law->name},
               {"formula", answer.law->formula},
               {"paper", answer.law->paper},
               {"objective", "huber"},
               {"minimum", answer.objective},
               {"converged", answer.converged},
               {"open", answer.open},
               {"points", answer.points},
               {"mean_error", number_json(answer.mean_error())},
               {"largest_error", number_json(answer.largest_error())}};
  json["parameters"] = Json::object();
  for (size_t i = 0; i < answer.theta.size(); ++i)
    json["parameters"][std::string(answer.law->parameters[i].name)] =
        shown_parameter(*answer.law, answer.theta, i);
  json["curves"] = Json::array();
  for (const CurveAnswer& a : answer.answers) {
    Json curve = {{"curve", a.curve->name},
                  {"fitted", a.fitted},
                  {"points", a.points},
                  {"last_step", a.curve->steps.back()},
                  {"last_law", a.law.back()}};
    if (a.points > 0) {
      curve["mean_error"] = a.mean_error;
      curve["largest_error"] = a.largest_error;
      curve["largest_at"] = a.largest_at;
      curve["last_measured"] = a.last_measured;
      curve["last_foretold"] = a.last_foretold;
    }
    json["curves"].push_back(std::move(curve));
  }
  return json;
}

std::string schedule_csv(const ScheduleAnswer& answer) {
  std::string out = "curve,fitted,step,lr,loss,law\n";
  for (const CurveAnswer& a : answer.answers)
    for (size_t i = 0; i < a.law.size(); ++i) {
      const double loss = a.curve->losses[i];
      out += str(csv_cell(a.curve->name), ",", a.fitted ? 1 : 0, ",", a.curve->steps[i], ",",
                 a.curve->rates[i], ",", std::isfinite(loss) ? str(loss) : "", ",", a.law[i], "\n");
    }
  return out;
}
}  // namespace cambium
