// A run as `compare` looks at it while it trains, and as it goes on with its study.
#include "search/runs/run_status.h"
#include "search/trials/trial_runs.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_run_view {
extern const FuzzTarget fuzz_run_view = {
    .name = "run_view",
    .reads = {"search/runs/run_status.cpp", "search/trials/trial_runs.cpp"},
    .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 2);
      const std::string run = file_of("live/runs/a-s0/run.json", parts[0]);
      file_of("live/runs/a-s0/log.jsonl", parts[1]);
      RunStatus status;
      const std::string folder = run.substr(0, run.rfind('/'));
      refresh(status, folder, "val.loss");
      settle(status, folder);
      run_values(folder);
    }};
}  // namespace cambium::fuzz_run_view
