// The values of free variables at which a spec's model costs what it is to cost.
#include <cmath>

#include "graph/cost.h"
#include "search/study/planner.h"
#include "search/study/spec_edit.h"

namespace cambium {
namespace {
constexpr int64_t kMostValue = 1 << 16;  // of a free variable

// The value that the free variable has in the file, to start the search from.
int64_t start_of(const Spec& spec, std::string_view free) {
  if (!free.starts_with("vars.")) return 64;
  try {
    const ArgValue v = vars_of(spec).get(free.substr(5), {});
    if (const auto* n = std::get_if<int64_t>(&v.variant())) return std::max<int64_t>(1, *n);
  } catch (const UserError&) {  // the override that follows says what is wrong
  }
  return 64;
}

// Solves for one free variable after the other.
class MatchSolver {
 public:
  MatchSolver(const Spec& spec, const MatchGoal& goal, DataCache& data)
      : spec_(spec), goal_(goal), data_(data) {}

  Match solve() {
    ensure(goal_.target.has_value(), "a match without a target");
    try {
      Match out = nearest(0);
      for (size_t i = 1; i < goal_.free.size(); ++i) {
        const Match fine = nearest(i);
        out.fine.push_back(fine.value);
        out.achieved = fine.achieved;
      }
      return out;
    } catch (const UserError& e) {
      UserError placed(e.what(), e.help, goal_.mark);
      if (first_) placed.notes.push_back({first_->what(), first_->mark});
      throw placed;
    }
  }

 private:
  // Leaves the value of the free variable in the spec. Only the last must meet the goal.
  Match nearest(size_t index) {
    const std::string& free = goal_.free[index];
    const auto cost_at = [&](int64_t value) -> std::optional<double> {
      apply_override(spec_.root, free, scalar_yaml(str(value)), goal_.mark);
      try {
        return match_cost(data_.open_to_measure(spec_), goal_.kind);
      } catch (const UserError& e) {
        if (!first_) first_ = e;
        return std::nullopt;
      }
    };
    const bool last = index + 1 == goal_.free.size();
    const int64_t start = start_of(spec_, free);
    const std::string_view unit =
        goal_.kind == MatchGoal::kParameters ? "parameters" : "FLOPs an example";
    // Where a model does not ask for it, it stays as it is.
    const std::optional<double> here = index > 0 ? cost_at(start) : std::nullopt;
    const bool unused = here && here == cost_at(2 * start);
    const auto measure = [&](int64_t value) {
      return unused && value != start ? std::nullopt : cost_at(value);
    };
    const Match found = match_value(measure, *goal_.target, last ? goal_.tolerance : HUGE_VAL, free,
                                    unit, start, kMostValue);
    apply_override(spec_.root, free, scalar_yaml(str(found.value)), goal_.mark);
    return found;
  }

  Spec spec_;
  const MatchGoal& goal_;
  DataCache& data_;
  std::optional<UserError> first_;  // why a value could not be built
};
}  // namespace

double match_cost(const Experiment& e, MatchGoal::Kind kind) {
  const int64_t batch = e.train.options.batch;
  const ScopeCost cost = total_cost(model_of(e, batch, true).graph);
  return kind == MatchGoal::kParameters ? double(cost.parameters)
                                        : cost.forward_flops / double(batch);
}

Match solve_match(const Spec& spec, const MatchGoal& goal, DataCache& data) {
  return MatchSolver(spec, goal, data).solve();
}

void apply_match(Spec& spec, const MatchGoal& goal, const Match& match) {
  for (size_t i = 0; i < goal.free.size(); ++i)
    apply_override(spec.root, goal.free[i],
                   scalar_yaml(str(i == 0 ? match.value : match.fine[i - 1])), goal.mark);
}
}  // namespace cambium
