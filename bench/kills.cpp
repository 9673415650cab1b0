// Kills runs and studies at random, parents and children, and says whether what they leave is, byte
// for byte, what an undisturbed one leaves: kills PROGRAM [--times N] [--seed S] [--folder DIR].
#include "tests/support/kills.h"

#include <cstdio>
#include <cstdlib>

namespace {
using namespace cambium;

struct Options {
  std::string program, folder = "kills";
  int times = 40;
  uint64_t seed = 1;
};

struct Case {
  std::string name, train;
};

const Case kCases[] = {
    {"adamw_averages",
     "{optimizer: adamw, ema: 0.99, batch: 8, steps: 6000, eval_every: 300, log_every: 5, "
     "checkpoint_every: 40}"},
    {"sophia",
     "{optimizer: sophia, batch: 8, steps: 6000, eval_every: 300, log_every: 5, checkpoint_every: "
     "40}"},
    {"muon_accumulate",
     "{optimizer: muon, batch: 8, accumulate: 2, steps: 3000, eval_every: 150, log_every: 5, "
     "checkpoint_every: 20}"},
    {"schedule_free",
     "{optimizer: schedule_free_adamw, batch: 8, steps: 6000, eval_every: 300, log_every: 5, "
     "checkpoint_every: 40}"}};

std::string model(const Case& c) {
  return str(
      "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}\n"
      "model:\n  - embed: 8\n  - residual: [{norm: layer}, {ffn: {expand: 2, dropout: 0.1}}]\n"
      "  - linear: $classes\ntrain: ",
      c.train, "\n");
}

void report(const std::string& name, const kills::Outcome& o, bool& good) {
  const bool ok = o.done && o.equal && o.orphans == 0 && o.zero_bytes == 0;
  good = good && ok;
  std::printf("%-18s %3d kills  %d orphans  %d zero bytes  %s\n", name.c_str(), o.kills, o.orphans,
              o.zero_bytes, ok ? "equal bytes" : "DIFFERS");
  if (!ok) std::printf("%s\n", o.difference.c_str());
  std::fflush(stdout);
}

int run_once(const Options& o, const std::vector<std::string>& arguments) {
  Process child = start_process(o.program, arguments, o.folder + "/output.txt");
  child.wait();
  return child.exit_code();
}

bool kill_runs(const Options& o, const Case& c) {
  const std::string spec = str(o.folder, "/", c.name, ".yaml"), run = str(o.folder, "/", c.name);
  replace_file(spec, model(c));
  const auto arguments = [&](const std::string& folder) {
    std::filesystem::create_directories(folder);  // what is to be resumed must be there
    return std::vector<std::string>{"train", spec, "--run", folder, "--resume", "--threads", "1"};
  };
  ensure(run_once(o, arguments(run + "_whole")) == 0, "the undisturbed run failed");
  bool good = true;
  report(c.name,
         kills::kill_and_compare(o.program, arguments(run), run, run + "_whole", o.times, 250,
                                 o.seed, false),
         good);
  return good;
}

bool kill_study(const Options& o) {
  const std::string study = o.folder + "/study.yaml", folder = o.folder + "/study";
  replace_file(o.folder + "/base.yaml", model(kCases[0]));
  replace_file(study,
               "base: base.yaml\nvariants: {base: {}, wide: {model.0.embed: 12}, sgd: "
               "{train.optimizer: {sgd: {lr: 0.1}}}}\nbudget: {steps: 3000}\nseeds: 2\nmetric: "
               "{val.loss: min}\n");
  const auto arguments = [&](const std::string& to) {
    return std::vector<std::string>{"compare", study, "-o",         to,
                                    "--jobs",  "2",   "--progress", "none"};
  };
  ensure(run_once(o, arguments(folder + "_whole")) == 0, "the undisturbed study failed");
  bool good = true;
  report("study",
         kills::kill_and_compare(o.program, arguments(folder), folder, folder + "_whole", o.times,
                                 700, o.seed, true),
         good);
  return good;
}
}  // namespace

int main(int count, char** words) {
  Options o;
  if (count > 1) o.program = words[1];
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = words[i];
    if (name == "--times") o.times = std::atoi(words[i + 1]);
    if (name == "--seed") o.seed = uint64_t(std::atoll(words[i + 1]));
    if (name == "--folder") o.folder = words[i + 1];
  }
  if (o.program.empty()) {
    std::fprintf(stderr, "usage: kills PROGRAM [--times N] [--seed S] [--folder DIR]\n");
    return 1;
  }
  std::filesystem::remove_all(o.folder);
  std::filesystem::create_directories(o.folder);
  bool good = true;
  for (const Case& c : kCases) good = kill_runs(o, c) && good;
  good = kill_study(o) && good;
  return good ? 0 : 1;
}
