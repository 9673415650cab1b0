// Going on: what a run may differ in from the checkpoint that it goes on from.
#pragma once
#include "train/run/checkpoint.h"
#include "train/spec/experiment.h"

namespace cambium {
// Whether the last step, or the evaluations, say that a run is at its end.
bool is_over(const Experiment& e, const RunState& s);

// The machine and what is left out of the pipeline, as RunState::machine: equal text, equal bits.
std::string made_with(const Experiment& e);

struct GoingOn {
  std::vector<std::string> notes;  // to say before it does
  std::string other_length;  // of them, that the run becomes none of its new length; else empty
};

// How the run in `folder` goes on from its checkpoint; `now` is the state of a fresh one. A run may
// be taken further than it was to go (train.steps, train.epochs): where its rates did not depend on
// its length and its last evaluation is one of the longer run's, it becomes that run bit for bit,
// else the notes say why not. UserError, saying what differs, when it was trained from another spec
// or on other data, or is longer already.
GoingOn going_on(const Checkpoint& c, const RunState& now, const Experiment& e,
                 const std::string& folder);
}  // namespace cambium
