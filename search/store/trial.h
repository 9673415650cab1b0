// Trial: one training that a study planned, and what became of it.
#pragma once
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/text/json.h"

namespace cambium {
enum class TrialState {
  kWaiting,
  kRunning,
  kStopped,  // stopped before its end and saved: whoever claims it goes on
  kDone,     // from here on it has ended, and nothing changes any more
  kFailed,   // not a number, out of memory, ...: a result, with its reason
  kRefused   // before it was trained
};

std::string_view name_of(TrialState state);
TrialState trial_state(std::string_view name);  // UserError: there is none of that name

inline bool has_ended(TrialState state) {
  return state >= TrialState::kDone;
}

double unix_seconds();  // since 1970, now

struct Trial {
  int64_t number =
      -1;           // 0, 1, 2, ... in the order in which they were proposed; the store's to give
  std::string arm;  // the variant, where a study has several
  Json point = Json::object();   // what was chosen
  Json origin = Json::object();  // how: the method, the trials it came from
  std::string key;               // equal for what is structurally the same
  std::string spec;              // what it is trained from; left out of histories (spec_of)
  int64_t seed = 0;
  int64_t rung = 0, steps = 0;  // steps: of the whole run
  int64_t pause_at = 0;      // not 0: this trial ends at that step, another of its folder goes on
  int64_t needed_bytes = 0;  // memory of its run
  double cost = 0;           // FLOPs planned
  std::string folder;        // of its run, below the study's

  TrialState state = TrialState::kWaiting;
  Json values = Json::object();  // of its objectives
  std::string reason;            // of a failure or a refusal

  int64_t attempts = 0;                      // times it was claimed
  double added = 0, started = 0, ended = 0;  // seconds since 1970; 0: not yet
};
}  // namespace cambium
