// Training speed of recurrent and attention language models by the length of the sequence, at equal
// tokens a step.
// usage: recurrence STUDY [--tokens N] [--lengths T,T,...] [--seconds S] [--threads N]
//                   [--json FILE] [--svg FILE] [--from FILE]
// --from takes the numbers of an earlier --json and only writes them again.
// Every variant of the study, at the widths the study's `match` finds: whole steps (data, forward,
// backward, update) with N tokens a step in sequences of T. Prints tokens a second.
#include "bench/sweep.h"
#include "core/system/memory.h"
#include "core/system/parallel.h"
#include "search/study/study_plan.h"
#include "train/run/session.h"

namespace cambium {
namespace {
struct Options {
  std::string study, json, svg, from;
  int64_t tokens = 4096;
  std::vector<int64_t> lengths = {64, 128, 256, 512, 1024, 2048};
  double seconds = 1;
  int threads = 0;
};

std::vector<int64_t> numbers_of(const std::string& list) {
  std::vector<int64_t> out;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    out.push_back(std::stoll(list.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

Options parse(int argc, char** argv) {
  require(argc % 2 == 0,
          "usage: recurrence STUDY [--tokens N] [--lengths T,T,...] [--seconds S] "
          "[--threads N] [--json FILE] [--svg FILE] [--from FILE]");
  Options o;
  o.study = argv[1];
  for (int i = 2; i < argc; i += 2) {
    const std::string word = argv[i], value = argv[i + 1];
    if (word == "--tokens") {
      o.tokens = std::stoll(value);
    } else if (word == "--lengths") {
      o.lengths = numbers_of(value);
    } else if (word == "--seconds") {
      o.seconds = std::stod(value);
    } else if (word == "--threads") {
      o.threads = std::stoi(value);
    } else if (word == "--json") {
      o.json = value;
    } else if (word == "--svg") {
      o.svg = value;
    } else if (word == "--from") {
      o.from = value;
    } else {
      throw UserError(str("unknown option ", word));
    }
  }
  return o;
}

double tokens_per_second(const Spec& spec, const Options& o) {
  const Experiment e = open_experiment(spec);
  Session session(e, usable_memory_bytes());
  session.start(0);
  int64_t number = 0;
  return 1e3 * double(o.tokens) / median_ms(o.seconds, [&] { session.step(++number); });
}

void run(const Options& o) {
  if (o.threads > 0) set_thread_count(o.threads);
  const Study study = load_study(o.study);
  const StudyPlan plan = plan_study(study);
  Sweep speed{.lengths = o.lengths, .names = {}, .values = {}};
  Json json = Json::array(), before;
  if (!o.from.empty()) before = load_json(o.from);
  for (const PlannedVariant& v : plan.variants) {
    speed.names.push_back(v.name);
    speed.values.emplace_back();
    for (const int64_t t : o.lengths) {
      Spec spec = v.spec;
      const auto set = [&](const char* path, int64_t value) {
        apply_override(spec.root, path, parse_yaml(str(value), path), {});
      };
      set("vars.context", t);
      set("train.batch", std::max<int64_t>(1, o.tokens / t));
      const double rate =
          o.from.empty()
              ? tokens_per_second(spec, o)
              : double(earlier(before, "variant", v.name, "context", t).at("tokens_per_second"));
      speed.values.back().push_back(rate / 1e3);
      json.push_back({{"variant", v.name},
                      {"context", t},
                      {"tokens_per_step", o.tokens},
                      {"tokens_per_second", rate}});
    }
  }
  std::printf("%lld tokens a step, f32, %d threads\n", static_cast<long long>(o.tokens),
              thread_count());
  print_sweep(speed, "Thousands of tokens a second in training:", "{:.1f}");
  if (!o.json.empty()) replace_file(o.json, to_text(json, 1) + "\n");
  if (!o.svg.empty())
    write_sweep_plot(o.svg, speed, "Training speed at equal parameters", "1000 tokens a second");
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    cambium::run(cambium::parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "recurrence: %s\n", e.what());
    return 1;
  }
}
