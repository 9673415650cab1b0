// Times a probe on a frozen body, with its answers kept and without, beside full tuning of the same
// model, in one process and in turn.
// usage: probe SPEC HEAD [--threads N] [--set a.b=v]...
// HEAD: a pattern of the parameters that the probe trains, such as "linear.*". The spec trains
// everything and has no augmentation. Prints one JSON line: ms of a step of each (median), steps a
// second over those of full tuning, and what making the answers took, in epochs of full tuning.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include "core/system/clock.h"
#include "core/system/parallel.h"
#include "core/text/json.h"
#include "train/run/machine.h"
#include "train/run/session.h"
#include "train/spec/glob.h"

namespace cambium {
namespace {
constexpr int kRounds = 3;

struct Options {
  std::string spec, head;
  std::vector<std::string> overrides;
  int threads = 0;
};

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool option = word.starts_with("--");
    require(!option || i + 1 < argc, word, " needs a value");
    if (word == "--set")
      o.overrides.emplace_back(argv[++i]);
    else if (word == "--threads")
      o.threads = std::stoi(argv[++i]);
    else if (option)
      throw UserError(str("unknown option ", word));
    else
      (o.spec.empty() ? o.spec : o.head) = word;
  }
  require(!o.head.empty(), "usage: probe SPEC HEAD [--threads N] [--set a.b=v]...");
  return o;
}

// Every tensor but the head's.
std::string body_of(const Experiment& e, const std::string& head) {
  std::string list;
  for (const Node& n : model_of(e, e.train.options.batch, true).graph.nodes())
    if (n.role == Role::kParameter && !glob_matches(head, n.scope.path))
      for (std::string name = n.scope.path;;) {  // its block, so that it runs as in evaluation
        name.resize(std::min(name.size(), name.rfind('.')));
        list += str(list.empty() ? "" : ", ", "\"", name, "\"");
        break;
      }
  return str("freeze=[", list, "]");
}

struct Side {
  Side(const Experiment& e, const std::string& cache) : session(e, usable_memory_bytes()) {
    const Stopwatch watch;
    if (!cache.empty()) {
      FeatureSettings settings;
      settings.folder = cache;
      settings.most_bytes = int64_t(4) << 30;
      settings.asked = true;
      settings.data = identity_of(e);
      settings.machine = machine_text();
      session.keep_features(std::move(settings), [](const std::string& text) {
        std::fprintf(stderr, "%s\n", text.c_str());
      });
    }
    session.start(0);
    start_ms = watch.milliseconds();
    for (int i = 0; i < 3; ++i) session.step(++number);
  }

  void measure(double ms) {
    for (const Stopwatch all; all.milliseconds() < ms;) {
      const Stopwatch one;
      session.step(++number);
      times_ms.push_back(one.milliseconds());
    }
  }

  double median() {
    std::ranges::sort(times_ms);
    return times_ms[times_ms.size() / 2];
  }

  Session session;
  double start_ms = 0;
  int64_t number = 0;
  std::vector<double> times_ms;
};

void run(const Options& o) {
  if (o.threads > 0) set_thread_count(o.threads);
  const std::string cache =
      (std::filesystem::temp_directory_path() / str("cambium_probe_", ::getpid())).string();
  std::vector<std::string> probing = o.overrides;
  const Experiment whole = open_experiment(load_spec(o.spec, o.overrides));
  probing.push_back(body_of(whole, o.head));
  const Experiment probe = open_experiment(load_spec(o.spec, probing), whole.data, whole.sets);
  const Stopwatch plain_start;
  Side full(whole, ""), plain(probe, ""), kept(probe, cache);
  for (int round = 0; round < kRounds; ++round) {
    full.measure(4000);
    plain.measure(2000);
    kept.measure(1000);
  }
  int64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(cache))
    if (file.is_regular_file()) bytes += int64_t(file.file_size());
  std::filesystem::remove_all(cache);
  const double epoch_ms = full.median() * double(whole.updates_per_epoch());
  const Json line = {{"spec", o.spec},
                     {"full_ms", full.median()},
                     {"probe_ms", plain.median()},
                     {"kept_ms", kept.median()},
                     {"kept_over_full", full.median() / kept.median()},
                     {"making_ms", kept.start_ms - plain.start_ms},
                     {"making_epochs_of_full", (kept.start_ms - plain.start_ms) / epoch_ms},
                     {"kept_bytes", bytes}};
  std::printf("%s\n", line.dump().c_str());
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    cambium::run(cambium::parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "probe: %s\n", e.what());
    return 1;
  }
}
