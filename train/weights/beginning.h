// Beginning: a run of which nothing is saved yet, before its first step.
#pragma once
#include "train/run/session.h"

namespace cambium {
// Starts the session, with the weights of `init:` where the spec names some; their table goes into
// <folder>/run.json, where there is a folder, and a summary to `progress`, with what the source was
// trained on where that is other than `data`. UserErrors of the section, or when the source is no
// longer what the spec's hash says.
void begin_run(Session& session, const Experiment& e, const std::string& folder,
               const Identity& data, Progress& progress);
}  // namespace cambium
