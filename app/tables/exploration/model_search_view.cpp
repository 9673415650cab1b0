#include "app/tables/exploration/model_search_view.h"

#include <algorithm>

#include "core/text/fmt.h"
#include "core/text/json.h"
#include "search/answer/front.h"
#include "search/study/cell.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kPlainSeconds = 10;

std::string results_text(const ModelSpace& models, const Trial& t) {
  std::string out;
  for (const ModelObjective& o : models.objectives())
    if (const auto v = t.values.find(o.name); v != t.values.end() && v->is_number())
      out += str(out.empty() ? "" : ", ", o.name, " ", fmt::format("{:.5g}", v->get<double>()));
  return out;
}

std::string point_text(const ModelSpace& models, const Trial& t) {
  return visible(models.space().text(models.space().point_of(t.point)));
}

// The best so far by the first objective, and how many stand in the front.
std::string best_text(ModelSpace& models, std::span<const Trial> all) {
  const Findings found = findings_of(models, all);
  std::vector<Losses> results;
  for (const FoundTrial& t : found.trials)
    results.push_back({t.outcome.losses, t.outcome.failed ? HUGE_VAL : t.outcome.violation});
  const std::vector<size_t> front = front_of(results);
  if (front.empty()) return "";
  const FoundObjective& o = found.objectives[0];
  return str("  best ", o.name, " ", fmt::format("{:.4g}", o.loss(results[front[0]].values[0])),
             found.objectives.size() > 1 ? str(", front of ", front.size()) : "");
}
}  // namespace

// By planned cost: trials need not be equal.
std::string ModelSearchView::left_text(std::span<const Trial> all,
                                       std::span<const RunUpdate> running) {
  double done = 0, planned = 0;
  for (const Trial& t : all) {
    planned += t.cost;
    if (has_ended(t.state)) done += t.cost;
    for (const RunUpdate& r : running)
      if (r.id == t.number && r.status.steps > 0)
        done += t.cost * double(r.status.step) / double(r.status.steps);
  }
  if (cost_at_start_ < 0) cost_at_start_ = done;
  const double here = done - cost_at_start_;
  if (here <= 0 || all.empty()) return "";
  const auto wanted = double(models_.study().search->settings.trials);
  const auto tasks = double(models_.tasks().size());
  const double begun = double(std::ranges::count(all, 0, &Trial::rung)) / tasks;
  const double whole = planned * std::max(1.0, wanted / std::max(1.0, begun));
  return str("  ", duration_text((whole - done) / here * since_start_.seconds()), " left");
}

void ModelSearchView::on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) {
  if (mode_ == ProgressMode::kNone) return;
  if (mode_ == ProgressMode::kPlain && since_line_.seconds() < kPlainSeconds) return;
  since_line_.restart();
  const auto ended = int64_t(findings_of(models_, all).trials.size());
  const int64_t wanted = models_.study().search->settings.trials;
  std::string line = str(ended, "/", wanted, " trials", best_text(models_, all));
  for (const RunUpdate& r : running)
    line += str("  #", r.id, " ", grouped(r.status.step), "/", grouped(r.status.steps));
  line += left_text(all, running);
  if (mode_ == ProgressMode::kBar)
    terminal_.status(str(bar_text(double(ended) / double(wanted), 20), " ", line));
  else
    terminal_.note(line);
}

void ModelSearchView::on_trial_end(const Trial& t) {
  if (mode_ == ProgressMode::kNone) return;
  const std::string end = t.state == TrialState::kDone
                              ? results_text(models_, t)
                              : str(name_of(t.state), ": ", printable(t.reason));
  const std::string paused = t.pause_at > 0 ? str(" to step ", grouped(t.pause_at)) : "";
  const std::string& task = models_.tasks()[size_t(part_index(t))].name;
  terminal_.note(str("trial   ", cell_name(str(point_index(t)), printable(task)), paused, "  ", end,
                     "  ", point_text(models_, t)));
}

void ModelSearchView::on_trial_stop(const Trial& t) {
  if (mode_ != ProgressMode::kNone) terminal_.note(str("saved   trial ", point_index(t)));
}

void ModelSearchView::on_finalists(const FinalistField& field) {
  terminal_.end_status();
  if (mode_ == ProgressMode::kNone) return;
  std::string names;
  for (const Finalist& f : field.all) names += str(names.empty() ? "" : ", ", printable(f.name));
  terminal_.note(str("finals  ", names));
}

void ModelSearchView::finish() {
  terminal_.end_status();
  finals_.finish();
}
}  // namespace cambium
