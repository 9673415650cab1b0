// Ladder sizes: the values of free variables at which models have the parameters of each size, and
// what the study sets beside them.
#pragma once
#include "search/study/planner.h"

namespace cambium {
// Sets the first free variable, then the others by their expressions. UserError at the expression.
void set_size(Spec& spec, const ScaleGoal& goal, int64_t value, const Vars& data_vars);

// The value of the first free variable at which the parameters come nearest to the target.
// UserError at `params:` when none comes within goal.tolerance.
Match solve_size(const Spec& spec, const ScaleGoal& goal, double target, const Experiment& any);

// What is known when `follow:` is evaluated.
struct RunLength {
  double params = 0, ratio = 1, tokens = 0;
  double steps = 0;  // 0: not known yet
};

// Sets the paths of `follow:` whose expressions mention `steps`, or the others. UserErrors at the
// expressions.
void set_following(Spec& spec, const ScaleGoal& goal, const RunLength& length,
                   const Vars& data_vars, bool that_mention_steps);

// "dim 48, depth 1"
std::string chosen_text(const Spec& spec, const ScaleGoal& goal);
}  // namespace cambium
