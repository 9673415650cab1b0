// Passes: the steps of a recipe over all parts. A step that looks at all drafts before it judges
// one begins a pass; the steps up to the next such one share it.
#pragma once
#include "data/assembly/manifest.h"
#include "data/assembly/tasks.h"
#include "data/recipe/recipe.h"

namespace cambium {
// Runs all steps; answers the drafts that are left. What a pass has written stays when the process
// ends, part by part, and the pass before it is removed. The records come in the steps' order.
StagedDrafts run_passes(const Recipe& recipe, StagedDrafts staged, const std::string& work,
                        const Workers& workers, std::vector<StepRecord>& records);

// How many passes the steps take.
int64_t pass_count(const Recipe& recipe);
}  // namespace cambium
