// Kills: runs and studies ended with SIGKILL at random instants, parent or child, and gone on with
// until they are done, must leave the bytes of an undisturbed one. Used by a test and, at length,
// by bench/kills.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/rng.h"
#include "core/system/files.h"
#include "core/system/process.h"
#include "core/text/json.h"
#include "search/store/trial_store.h"

namespace cambium::kills {
namespace fs = std::filesystem;

// Processes other than this one whose command line holds a text.
inline std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    const pid_t pid = pid_t(std::atoi(name.c_str()));
    if (pid <= 0 || pid == ::getpid()) continue;
    try {
      if (read_file(entry.path() / "cmdline").find(text) != std::string::npos) found.push_back(pid);
    } catch (const Error&) {
      continue;  // it ended
    }
  }
  return found;
}

// All that stays of a run or study, as text: files and their bytes without times and machine facts.
inline std::string lasting_bytes(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& f : fs::recursive_directory_iterator(folder))
    if (f.is_regular_file()) files.push_back(fs::relative(f.path(), folder).string());
  std::ranges::sort(files);
  std::string out;
  for (const std::string& file : files) {
    const std::string name = fs::path(file).filename();
    if (name == "timing.jsonl" || name == "output.txt" || name == "report.html") continue;
    if (name == "study.json" || name == "index.json" || name == "company.json")
      continue;  // dates; hashes of what has times; who trained beside it
    if (name == "study.lock" || name.starts_with("study.db-")) continue;
    std::string bytes = read_file(folder + "/" + file);
    if (name == "study.db")  // without times and processes
      bytes = TrialStore::view(fs::path(folder + "/" + file).parent_path()).dump();
    if (name.ends_with(".json")) {
      Json json = parse_json(bytes, file);
      for (const char* key : {"seconds", "train_seconds", "step_ms_median", "step_ms_low",
                              "step_ms_high", "peak_rss_bytes", "timing_bytes", "predicted_bytes"})
        json.erase(key);
      if (json.contains("rows")) {  // what was measured, without how long it took
        Json rows = Json::array();
        for (const Json& row : json["rows"])
          rows.push_back({row["variant"], row["n"], row["mean"], row["failed"]});
        json = rows;
      }
      bytes = to_text(json, 1);
    }
    out += str(file, "\n", bytes, "\n");
  }
  return out;
}

struct Outcome {
  int kills = 0, orphans = 0, zero_bytes = 0;
  bool equal = false, done = false;
  std::string difference;  // the first file that differs
};

// The first line at which two texts part.
inline std::string parting(const std::string& a, const std::string& b) {
  const size_t at = size_t(std::ranges::mismatch(a, b).in1 - a.begin());
  const size_t begin = a.rfind('\n', at == 0 ? 0 : at - 1);
  return a.substr(begin == a.npos ? 0 : begin + 1, 200);
}

// Runs `program` with `arguments`, which write into `folder` and go on where they ended, `times`
// times with a kill after at most `longest_ms`, then to the end, and compares with `whole`.
// `children`: half of the kills hit a child of the program instead.
inline Outcome kill_and_compare(const std::string& program,
                                const std::vector<std::string>& arguments,
                                const std::string& folder, const std::string& whole, int times,
                                int longest_ms, uint64_t seed, bool children) {
  Outcome out;
  Random random(seed);
  const std::string log = folder + ".output.txt";
  for (int i = 0; i < times; ++i) {
    Process child = start_process(program, arguments, log);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random.below(longest_ms)));
    if (children && random.below(2) == 0) {
      const auto trainers = processes_with(folder + "/runs/");
      if (!trainers.empty()) {
        ::kill(trainers[size_t(random.below(int64_t(trainers.size())))], SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
    out.kills += !child.ended();
    { const Process dies = std::move(child); }
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    out.orphans += int(processes_with(folder + "/").size());
  }
  Process last = start_process(program, arguments, log);
  last.wait();
  out.done = last.exit_code() == 0;
  if (!out.done) out.difference = fs::exists(log) ? read_file(log) : "";
  for (const auto& f : fs::recursive_directory_iterator(folder))
    if (f.path().extension() == ".jsonl")
      out.zero_bytes += int(std::ranges::count(read_file(f.path()), '\0'));
  const std::string a = lasting_bytes(whole), b = lasting_bytes(folder);
  out.equal = a == b;
  if (out.done && !out.equal) out.difference = parting(a, b) + "\ninstead:\n" + parting(b, a);
  return out;
}
}  // namespace cambium::kills
