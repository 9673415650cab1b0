// Run folder: the files of one run.
#pragma once
#include "train/run_log.h"
#include "train/trainer.h"

namespace cambium {
// <folder>/run.json: what a study and its report read. Keys set by others (variant) are kept.
// `status` is running, done, stopped or failed.
void write_run_json(const std::string& folder, std::string_view status, const Experiment& e,
                    const RunResult& result, std::string_view error = {});

// Both logs of a run, cut to what the state's checkpoint saw.
struct RunLogs {
  RunLog log, timing;

  RunLogs() = default;

  RunLogs(const std::string& folder, const RunState& state)
      : log(folder + "/log.jsonl", state.log_bytes),
        timing(folder + "/timing.jsonl", state.timing_bytes) {}
};
}  // namespace cambium
