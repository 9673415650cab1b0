// Ladder answer: the laws that a ladder's finished runs follow, and what they say of the largest
// size.
#pragma once
#include "search/ladder/ladder_points.h"
#include "search/laws/answers/scale.h"

namespace cambium {
struct LadderAnswer {
  LadderOutcomes outcomes;
  std::string points;                  // points_csv()
  std::optional<ScaleAnswer> laws;     // one a variant; none where no law can be told
  std::string no_law;                  // why, in a sentence
  std::string not_held_out;            // why the largest size is not held out although it is to be
  std::optional<TaskRanking> ranking;  // where a small task was asked for and laws were found
};

// The law that a ladder is fitted with: as the study says, else by size and length, or by size
// alone where each size has one length.
std::string law_of_ladder(const ScaleGoal& goal);

// Why the runs that are planned cannot give that law, however they end, the largest size left out
// where it is held out; empty: they may.
std::string too_small_for_law(const LadderPlan& plan);

// From the runs below `folder` that are done, few as they may be. UserError: a damaged run.json.
LadderAnswer answer_ladder(const LadderPlan& plan, const std::string& folder);
}  // namespace cambium
