// Candidate: what is known of one model of a search before it is trained.
#pragma once
#include "search/space/condition.h"
#include "search/study/planner.h"

namespace cambium {
// The quantities of a model that is built: "params", "flops" (forward, of an example),
// "state_bytes" (GenerationState::bytes), "peak_bytes" (what a training run needs of memory).
std::span<const std::string_view> built_quantities();

// Those that cost more to find out are looked at where they are asked for.
struct AskedQuantities {
  bool state = false, peak = false;
  bool length = false;  // how long each is trained, where no budget says it: part of its key
};

struct Candidate {
  std::string refusal;  // why it is no model of the search; empty: it is one
  Mark refusal_mark;
  const Condition* broken = nullptr;  // the condition that refuses it, if it is one
  std::string key;                    // equal: the same training but for its seed
  std::optional<Match> match;
  std::map<std::string, double, std::less<>> built;  // by built_quantities()
  // Where a study has tasks: what it is on each. This one then is all of them together.
  std::vector<Candidate> tasks = {};

  bool ok() const { return refusal.empty(); }

  const Candidate& on(size_t task) const { return tasks.empty() ? *this : tasks[task]; }
};

// One key of what is trained on several tasks; of one its own.
std::string joined_key(std::span<const std::string> keys);

// All tasks together: one key, quantities as their means. All must be ok().
Candidate on_all_tasks(std::vector<Candidate> tasks);

// What identifies a training but for its seed, length and reports: the model's structure, whatever
// its parts are called (structural_hash), how it is trained, on what data, and with `init:` from
// which weights, wherever they lie: the spec must be pinned (DataCache::pin).
std::string training_key(const Experiment& e, const AskedQuantities& asked, DataCache& data);

// Builds the model of a spec whose point is set: solves for the free variables of `match`, and asks
// `where`, whose names are looked up with `known` first, then among the quantities and the spec's
// variables. Opens no data twice. What is wrong with the model is the candidate's refusal.
Candidate build_candidate(const Spec& spec, const std::optional<MatchGoal>& match,
                          std::span<const Condition> where, const Condition::Lookup& known,
                          const AskedQuantities& asked, DataCache& data);
}  // namespace cambium
