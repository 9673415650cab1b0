#include "app/scale/ladder_view.h"

#include <algorithm>
#include <cmath>

#include "app/scale/own_loss_view.h"
#include "app/scale/scale_view.h"
#include "app/tables/table.h"
#include "app/tables/train_view.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kManyPasses = 4;  // Muennighoff et al. 2023: up to here worth nearly new tokens

std::string number_text(double v) {
  return v == std::floor(v) && v < 1e6 ? fmt::format("{:.0f}", v) : fmt::format("{:.4g}", v);
}

// What a row of lengths is called.
std::string_view length_title(ScaleGoal::Length length) {
  switch (length) {
    case ScaleGoal::Length::kTokensPerParam:
      return "tokens/param";
    case ScaleGoal::Length::kTokens:
      return "tokens asked";
    case ScaleGoal::Length::kFlops:
      return "FLOPs asked";
  }
  return "";
}

std::string plan_table(const LadderPlan& plan) {
  const bool timed = plan.rungs.front().step_ms > 0;
  Table table({1, 2, 3, 5, 6, 7, 8, 9, 10});
  std::vector<std::string> header = {
      "variant",    "parameters", "no embeddings",
      "nor head",   "size",       std::string(length_title(plan.study.scale->length)),
      "tokens",     "passes",     "steps",
      "FLOPs a run"};
  if (timed) header.emplace_back("time");
  table.row(header);
  for (const LadderPoint& p : plan.points) {
    const LadderRung& r = plan.rung_of(p);
    const bool first = &p == &plan.points.front() || (&p)[-1].rung != p.rung;
    const auto once = [&](const std::string& text) { return first ? text : std::string(); };
    std::vector<std::string> row = {once(visible(r.variant)),
                                    once(compact(double(r.params.total))),
                                    once(compact(double(r.params.with_head))),
                                    once(compact(double(r.params.body))),
                                    once(r.chosen),
                                    number_text(p.length),
                                    compact(p.tokens),
                                    fixed(plan.passes(p), 2),
                                    grouped(p.planned.steps),
                                    flops_text(p.flops())};
    if (timed) row.push_back(duration_text(plan.seconds(p)));
    table.row(row);
  }
  return table.text();
}

std::string cost_sentence(const LadderPlan& plan, int64_t jobs) {
  std::string out = flops_text(plan.flops()) + " of training";
  if (plan.study.budget) out += " of " + flops_text(plan.study.budget->value);
  out += ", " + flops_text(plan.evaluation_flops()) + " of evaluation beside it";
  double seconds = 0;
  for (const LadderRun& r : plan.runs) seconds += plan.seconds(plan.points[r.point]);
  if (seconds > 0)
    out += str("; steps take about ", duration_text(seconds / double(jobs)), ", ", jobs,
               " side by side");
  return out + "\n";
}

std::string passes_sentence(const LadderPlan& plan) {
  const std::string_view unit = plan.sequences ? "tokens" : "examples, each counted as one token";
  std::string out = str("the training data has ", compact(double(plan.unique_tokens)), " ", unit,
                        "; runs see them up to ", fixed(plan.most_passes(), 2), " times\n");
  if (plan.most_passes() > kManyPasses)
    out +=
        str("warning: above four passes tokens are worth less than new ones: a law of tokens "
            "seen is then one of this data alone\n");
  return out;
}

std::string small_sentence(const LadderPlan& plan) {
  const std::string why = too_small_for_law(plan);
  return why.empty() ? ""
                     : str("warning: these runs give no law: ", why,
                           "; raise scale.sizes, name more lengths, or choose scale.law\n");
}

std::string ranking_text(const LadderPlan& plan, const LadderAnswer& answer) {
  if (!answer.ranking) return "";
  const TaskRanking& r = *answer.ranking;
  Table table({1, 2});
  table.row({"variant", plan.small_task->metric, "loss foretold"});
  for (const RankedVariant& v : r.variants)
    table.row({visible(v.name), fmt::format("{:.4g}", v.score), fmt::format("{:.4g}", v.loss)});
  std::string out = str("\nsmall task ", visible(plan.small_task->folder), ", beside the laws at ",
                        compact(r.at.x[kParams]), " parameters and ", compact(r.at.x[kTokens]),
                        " tokens\n", table.text());
  if (!r.tau) return out + "its ranking says nothing of the laws': fewer than three differ\n";
  out += fmt::format("Kendall's tau of the two rankings is {:.2f}", r.tau->tau);
  if (!r.tau->interval) return out + "; fewer than five variants give no interval\n";
  return out + fmt::format(" [{:.2f}, {:.2f}]\n", r.tau->interval->low, r.tau->interval->high);
}

Json ranking_json(const LadderPlan& plan, const LadderAnswer& answer) {
  if (!answer.ranking) return {};
  Json variants = Json::array();
  for (const RankedVariant& v : answer.ranking->variants)
    variants.push_back({{"variant", v.name}, {"score", v.score}, {"loss", v.loss}});
  const std::optional<KendallTau>& tau = answer.ranking->tau;
  Json json = {{"folder", plan.small_task->folder},
               {"metric", plan.small_task->metric},
               {"variants", variants},
               {"tau", tau ? Json(tau->tau) : Json()}};
  if (tau && tau->interval)
    json["interval"] = Json::array({tau->interval->low, tau->interval->high});
  return json;
}
}  // namespace

std::string ladder_text(const LadderPlan& plan, int64_t jobs) {
  const ScaleGoal& goal = *plan.study.scale;
  std::string out =
      str("ladder  ", visible(plan.study.name), ": ", plan.study.variants.size(),
          plan.study.variants.size() == 1 ? " variant x " : " variants x ", goal.sizes, " sizes x ",
          goal.lengths.size(), " lengths x ", plan.study.seeds.size(), " seeds, ", plan.runs.size(),
          " runs; law ", law_of_ladder(goal),
          goal.hold_out_largest ? ", largest size held out" : "", "\n");
  return out + plan_table(plan) + cost_sentence(plan, jobs) + passes_sentence(plan) +
         small_sentence(plan);
}

Json ladder_json(const LadderPlan& plan) {
  Json points = Json::array();
  for (const LadderPoint& p : plan.points) {
    const LadderRung& r = plan.rung_of(p);
    Json j = {{"variant", r.variant}, {"size", r.size}, {"chosen", r.chosen}};
    for (const CountConvention& c : count_conventions())
      j[std::string(c.column)] = r.params.*c.count;
    j.update({{"length", p.length},
              {"tokens", p.tokens},
              {"passes", plan.passes(p)},
              {"steps", p.planned.steps},
              {"flops", p.flops()},
              {"training_bytes", p.planned.needed_bytes},
              {"seconds", r.step_ms > 0 ? Json(plan.seconds(p)) : Json()}});
    points.push_back(std::move(j));
  }
  return {{"name", plan.study.name},
          {"law", law_of_ladder(*plan.study.scale)},
          {"length", name_of(plan.study.scale->length)},
          {"seeds", plan.study.seeds},
          {"runs", plan.runs.size()},
          {"flops", plan.flops()},
          {"evaluation_flops", plan.evaluation_flops()},
          {"unique_tokens", plan.unique_tokens},
          {"most_passes", plan.most_passes()},
          {"no_law", too_small_for_law(plan)},
          {"points", points}};
}

std::string ladder_answer_text(const LadderPlan& plan, const LadderAnswer& answer) {
  const LadderOutcomes& o = answer.outcomes;
  std::string out;
  if (o.done.size() < plan.runs.size())
    out += str(o.done.size(), " of ", plan.runs.size(), " runs are done\n");
  for (const std::string& f : o.failed) out += str("failed  ", visible(f), "\n");
  if (!answer.not_held_out.empty()) out += answer.not_held_out + "\n";
  if (answer.laws)
    out += "losses are those of the final weights on validation data\n" + scale_text(*answer.laws);
  else
    out += str("no law: ", answer.no_law, "\n");
  return out + own_loss_text(plan, answer) + ranking_text(plan, answer);
}

Json ladder_answer_json(const LadderPlan& plan, const LadderAnswer& answer) {
  Json json = answer.laws ? scale_json(*answer.laws) : Json{{"no_law", answer.no_law}};
  json["ladder"] = {{"name", plan.study.name},
                    {"runs", plan.runs.size()},
                    {"done", answer.outcomes.done.size()},
                    {"failed", answer.outcomes.failed},
                    {"not_held_out", answer.not_held_out},
                    {"unique_tokens", plan.unique_tokens},
                    {"most_passes", plan.most_passes()}};
  if (Json own = own_loss_json(plan, answer); !own.is_null()) json["own_loss"] = std::move(own);
  if (answer.ranking) json["small_task"] = ranking_json(plan, answer);
  return json;
}
}  // namespace cambium
