// Run folder: the files of one run.
#pragma once
#include "core/text/json_forward.h"
#include "train/run/run_log.h"
#include "train/run/trainer.h"

namespace cambium {
// Makes a folder and those above it. Of what it made, it takes away again, when it goes, what
// nobody wrote into: a run or a study that is refused leaves nothing.
class MadeFolder {
 public:
  explicit MadeFolder(const std::string& folder);
  MadeFolder(const MadeFolder&) = delete;
  ~MadeFolder();

 private:
  std::vector<std::string> made_;  // the innermost first
};

// <folder>/run.json, as train/record/run_record.h reads it. Keys set by others (variant) are kept.
// `status` is running, done or stopped.
void write_run_json(const std::string& folder, std::string_view status, const Experiment& e,
                    const RunResult& result);

// Adds a key of its own, which all that is written later keeps.
void set_run_key(const std::string& folder, std::string_view key, Json value);

// The same as write_run_json for a run that `error` ended, status failed. Throws nothing, and on a
// full disk writes over the file that stands there: the first error is the one to tell.
void write_failure(const std::string& folder, const Experiment& e, const RunResult& result,
                   const Error& error);

// The same for a run that `error` ended before it could go on: what it had reached stands. Nothing
// where it is done, or nobody waits for it.
void write_failure(const std::string& folder, const Error& error);

// The same for a run of a study that nobody has trained yet, status waiting; what stands there
// stays.
void write_waiting(const std::string& folder, const std::string& variant, int64_t seed);

// Both logs of a run, cut to what the state's checkpoint saw.
struct RunLogs {
  RunLog log, timing;

  RunLogs() = default;

  RunLogs(const std::string& folder, const RunState& state)
      : log(folder + "/log.jsonl", state.log_bytes),
        timing(folder + "/timing.jsonl", state.timing_bytes) {}
};
}  // namespace cambium
