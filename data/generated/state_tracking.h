// State tracking: tasks whose answer at every position is a state that each token moves on.
#pragma once
#include "data/generated/generated.h"

namespace cambium {
struct StateTracking : SplitCounts {
  int64_t length = 64, train_length = 0;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{field("length", &StateTracking::length, "T: tokens a sequence").in(1, 1 << 16),
                 field("train_length", &StateTracking::train_length,
                       "positions that training scores, so that evaluation asks for longer "
                       "sequences than a causal model was taught; 0: all")
                     .in(0, 1 << 16)},
      SplitCounts::fields);
};

// Where a sequence starts, which token comes next, and the state after it; the answers are states.
struct StateMachine {
  std::string options;  // of the task, all of them (SequenceTask::options)
  int64_t vocab = 0;    // symbols, states included
  int32_t start = 0;
  std::function<int32_t(Random&)> token;
  std::function<int32_t(int32_t state, int32_t token)> next;
};

// x[t] = a token, target[t] = the state after tokens 0 .. t.
std::unique_ptr<Dataset> open_state_tracking(std::string_view name, const StateTracking& options,
                                             uint64_t seed, StateMachine machine);
}  // namespace cambium
