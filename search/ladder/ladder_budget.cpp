#include "search/ladder/ladder_budget.h"

#include <algorithm>
#include <cmath>

#include "core/text/fmt.h"

namespace cambium {
namespace {
// A part of the ladder: its first seeds, shortest lengths and smallest sizes.
struct Part {
  size_t seeds, lengths, sizes;
};

std::string flops_text(double flops) {
  return fmt::format("{:.3g} FLOPs", flops);
}

std::string number_text(double v) {
  return v == std::floor(v) && v < 1e6 ? fmt::format("{:.0f}", v) : fmt::format("{:.4g}", v);
}

class Fitting {
 public:
  explicit Fitting(const LadderPlan& plan)
      : plan_(plan),
        goal_(*plan.study.scale),
        budget_(plan.study.budget->value),
        whole_{plan.study.seeds.size(), goal_.lengths.size(), size_t(goal_.sizes)} {}

  double cost(const Part& part) const {
    double flops = 0;
    for (const LadderPoint& p : plan_.points) {
      const auto length =
          size_t(std::ranges::find(goal_.lengths, p.length) - goal_.lengths.begin());
      if (length < part.lengths && size_t(plan_.rung_of(p).size) < part.sizes) flops += p.flops();
    }
    return flops * double(part.seeds);
  }

  // The ways to give up one thing alone, else the most costly part that fits.
  std::string advice() const {
    std::vector<std::string> ways;
    const auto offer = [&](size_t Part::*what, size_t least) {
      Part part = whole_;
      while (part.*what > least && cost(part) > budget_) --(part.*what);
      if (part.*what < whole_.*what && cost(part) <= budget_) ways.push_back(text_of(part));
    };
    offer(&Part::seeds, 1);
    offer(&Part::lengths, 1);
    offer(&Part::sizes, 2);
    if (ways.empty()) ways = most_that_fits();
    if (ways.empty())
      return str("its two smallest sizes at the smallest length take ", flops_text(cost({1, 1, 2})),
                 ": raise the budget, or choose smaller sizes");
    std::string out = "what fits: ";
    for (size_t i = 0; i < ways.size(); ++i) out += str(i > 0 ? "; or " : "", ways[i]);
    return out;
  }

 private:
  std::vector<std::string> most_that_fits() const {
    std::optional<Part> best;
    for (size_t s = whole_.seeds; s > 0; --s)
      for (size_t l = whole_.lengths; l > 0; --l)
        for (size_t n = whole_.sizes; n > 1; --n)
          if (const Part part{s, l, n};
              cost(part) <= budget_ && (!best || cost(part) > cost(*best)))
            best = part;
    return best ? std::vector<std::string>{text_of(*best)} : std::vector<std::string>();
  }

  std::string text_of(const Part& part) const {
    std::string out;
    const auto add = [&](const std::string& what) { out += (out.empty() ? "" : " with ") + what; };
    if (part.seeds < whole_.seeds) add(str("seeds: ", part.seeds));
    if (part.lengths < whole_.lengths) {
      std::string list;
      for (size_t i = 0; i < part.lengths; ++i)
        list += str(i > 0 ? ", " : "", number_text(goal_.lengths[i]));
      add(str(name_of(goal_.length), ": [", list, "]"));
    }
    if (part.sizes < whole_.sizes)
      add(fmt::format("params: [{}, {:.0f}] and sizes: {}", number_text(goal_.least_params),
                      goal_.targets()[part.sizes - 1], part.sizes));
    return str(out, " takes ", flops_text(cost(part)));
  }

  const LadderPlan& plan_;
  const ScaleGoal& goal_;
  const double budget_;
  const Part whole_;
};

std::vector<Note> costs_of_sizes(const LadderPlan& plan) {
  std::vector<Note> notes;
  for (size_t r = 0; r < plan.rungs.size(); ++r) {
    const LadderRung& rung = plan.rungs[r];
    std::string text = str(rung.variant, ", ", rung.params.total, " parameters (", rung.chosen,
                           "), a seed at ", name_of(plan.study.scale->length), ":");
    for (const LadderPoint& p : plan.points)
      if (p.rung == r)
        text += str(" ", number_text(p.length), " takes ", flops_text(p.flops()), ",");
    text.pop_back();
    notes.push_back({std::move(text), {}});
  }
  return notes;
}
}  // namespace

void require_budget(const LadderPlan& plan) {
  const std::optional<Budget>& budget = plan.study.budget;
  if (!budget || plan.flops() <= budget->value) return;
  UserError error(str("the ladder's ", plan.runs.size(), " runs take ", flops_text(plan.flops()),
                      ", and the budget is ", flops_text(budget->value)),
                  Fitting(plan).advice(), budget->mark);
  error.notes = costs_of_sizes(plan);
  throw error;
}
}  // namespace cambium
