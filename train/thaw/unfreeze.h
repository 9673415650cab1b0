// Unfreeze: when what `freeze:` holds begins to learn, `unfreeze: {residual.ffn: 30%}`. A run is
// then made of phases, between two of which some parameters begin.
#pragma once
#include "train/spec/experiment.h"
#include "train/weights/transfer_spec.h"

namespace cambium {
struct UnfreezeRule {
  NamePattern match;
  std::string time;  // "300" steps or "30%" of the run, for which what it meets stays frozen
  Mark time_mark;

  int64_t begin(int64_t total) const;  // the updates before; at least 1
};

// Adds every mistake to `errors` and leaves those entries out; empty without the section.
std::vector<UnfreezeRule> parse_unfreeze(const Spec& spec, const Vars& vars, Diagnostics& errors);

// UserErrors: a section without `freeze:`, a name that meets nothing frozen or only what begins
// earlier, a time that is no length, 0, or beyond the run. `model`: the graph of the first phase.
void check_unfreeze(const Experiment& e, const Graph& model, Diagnostics& errors);

// The times alone, for a run whose length has changed.
void check_unfreeze_times(const Experiment& e, Diagnostics& errors);

// From `begin` updates on these rules have happened, those that came first first.
struct ThawPhase {
  int64_t begin = 0;
  std::vector<int> thawed;
};

// The phases of a run of `total` updates; the first begins at 0 with none thawed.
std::vector<ThawPhase> phases_of(const Experiment& e, int64_t total);

// Which phase makes update `number`, 1 at the first.
size_t phase_at(std::span<const ThawPhase> phases, int64_t number);

// The updates before the rule; InternalError when it does not happen.
int64_t begin_of(std::span<const ThawPhase> phases, int rule);

// The experiment as that phase sees it: its graphs train what is thawed.
Experiment in_phase(const Experiment& e, const ThawPhase& phase);

// The rule by which a parameter (or block) of that name was thawed; -1: by none.
int thawed_by(const Experiment& e, std::span<const UnfreezeRule> rules, std::string_view name);

// The input that counts the updates since rule `rule`; "step" of those that always learnt (-1).
std::string step_input(int rule);
}  // namespace cambium
