#include "search/runs/run_status.h"

#include <fstream>

#include "core/text/json.h"
#include "train/record/run_record.h"

namespace cambium {
namespace {
// The last bytes of a file from the first whole line on; empty when there is no such file.
std::string tail_of(const std::string& path, int64_t most) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const int64_t size = file.tellg(), begin = std::max<int64_t>(0, size - most);
  std::string text(size_t(size - begin), '\0');
  file.seekg(begin);
  file.read(text.data(), std::streamsize(text.size()));
  if (begin > 0) text.erase(0, text.find('\n') + 1);
  return text.substr(0, text.rfind('\n') + 1);
}
}  // namespace

std::string_view name_of(RunPhase phase) {
  constexpr std::string_view names[] = {"waiting", "running", "done", "failed", "stopped"};
  return names[size_t(phase)];
}

void refresh(RunStatus& status, const std::string& run_folder, const std::string& metric) {
  const std::string text = tail_of(run_folder + "/log.jsonl", 4096);
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    const Json line = Json::parse(text.begin() + long(begin), text.begin() + long(end), nullptr,
                                  /*allow_exceptions=*/false);
    // A viewer survives what a reader of results must refuse.
    const auto take = [&](const std::string& key, auto& to) {
      if (line.is_object() && line.contains(key) && line[key].is_number()) to = line[key];
    };
    take("step", status.step);
    take("train.loss", status.loss);
    take(metric, status.value);
  }
}

void take_best(RunStatus& status, const std::string& run_folder, const std::string& metric) {
  const std::optional<RunRecord> run = read_run_record(run_folder);
  if (const double* best = run && run->best ? run->best->find(metric) : nullptr)
    status.value = *best;
}

void settle(RunStatus& status, const std::string& run_folder) {
  const std::optional<RunRecord> run = read_run_record(run_folder);
  if (!run) return;
  if (run->steps >= 0) status.step = run->steps;
  if (run->done()) status.phase = RunPhase::kDone;
  if (run->status == "stopped" || run->status == "running") status.phase = RunPhase::kStopped;
  if (run->failed()) {
    status.phase = RunPhase::kFailed;
    status.error = run->error;
    status.from_outside = run->cause == "disk";
  }
}
}  // namespace cambium
