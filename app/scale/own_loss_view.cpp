#include "app/scale/own_loss_view.h"

#include <cmath>

#include "core/text/fmt.h"
#include "core/text/json.h"
#include "search/ladder/own_loss.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string beside(const FoundFloor& f, double loss) {
  if (!f.floor) return "E is withheld";
  const Interval i = f.floor->interval;
  if (std::isnan(i.low) || std::isnan(i.high)) return "nothing bounds E";
  return fmt::format("{} the interval of E, {:.4f} [{:.4f}, {:.4f}], whose half-width is {:.2g} %",
                     f.holds(loss)  ? "inside"
                     : loss < i.low ? "below"
                                    : "above",
                     f.floor->value, i.low, i.high, 100 * f.half_width());
}
}  // namespace

std::string own_loss_text(const LadderPlan& plan, const LadderAnswer& answer) {
  if (!answer.laws) return "";
  std::string out;
  const std::vector<FoundFloor> floors = floors_beside(plan, *answer.laws);
  for (const FoundFloor& f : floors)
    out += fmt::format("{}the data's own loss ({}) is {:.4f}: {}\n",
                       floors.size() > 1 ? visible(f.variant) + ": " : "",
                       visible(plan.own_loss->name), plan.own_loss->loss,
                       beside(f, plan.own_loss->loss));
  return out.empty() ? out : "\n" + out;
}

Json own_loss_json(const LadderPlan& plan, const LadderAnswer& answer) {
  if (!answer.laws) return {};
  Json floors = Json::array();
  for (const FoundFloor& f : floors_beside(plan, *answer.laws))
    floors.push_back(
        {{"group", f.variant},
         {"floor", f.floor ? Json(f.floor->value) : Json()},
         {"interval",
          f.floor ? Json::array({f.floor->interval.low, f.floor->interval.high}) : Json()},
         {"inside", f.holds(plan.own_loss->loss)}});
  if (floors.empty()) return {};
  return {{"name", plan.own_loss->name}, {"loss", plan.own_loss->loss}, {"floors", floors}};
}
}  // namespace cambium
