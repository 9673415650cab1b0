// Full tuning and adapters side by side: memory and steps of one spec in one run, taking turns so
// that what else the machine does falls on all alike; the table of docs/adapters.md.
//   adapters SPEC [ROUNDS] [JSON] [NAME=ADAPT ...]
// NAME=ADAPT: a section `adapt` in flow style; LoRA of rank 8 on q and v, and on all products,
// unless told. Memory is what training needs by its plans (the peak that a process of its own would
// have, less what it holds before); times are medians of the process's CPU time a step.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>

#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "train/graphs/freeze.h"
#include "train/run/session.h"

namespace cambium {
namespace {
constexpr int kStepsOfARound = 2;

struct Arm {
  std::string name, adapt;
  std::unique_ptr<Experiment> experiment = {};
  std::unique_ptr<Session> session = {};
  std::vector<double> cpu_ms = {}, wall_ms = {};
  int64_t step = 0;
};

double cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

double wall_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

double median(std::vector<double> v) {
  std::ranges::sort(v);
  return v[v.size() / 2];
}

void open(Arm& arm, const std::string& path) {
  Spec spec = load_spec(path);
  std::erase_if(spec.root.entries, [](const YamlEntry& e) { return e.key == "adapt"; });
  if (!arm.adapt.empty())
    spec.root.entries.emplace_back("adapt", Mark{}, parse_yaml(arm.adapt, arm.name));
  arm.experiment = std::make_unique<Experiment>(open_experiment(std::move(spec)));
  arm.session = std::make_unique<Session>(*arm.experiment, usable_memory_bytes());
  arm.session->start(0);
  arm.session->step(++arm.step);
}

void step(Arm& arm) {
  const double cpu = cpu_ms(), wall = wall_ms();
  arm.session->step(++arm.step);
  arm.cpu_ms.push_back(cpu_ms() - cpu);
  arm.wall_ms.push_back(wall_ms() - wall);
}

Json report(const std::vector<Arm>& arms) {
  Json out = Json::array();
  const Arm& full = arms[0];
  fmt::print(
      "| arm | trained | memory | of full | CPU ms a step | of full | wall | flops of full |\n"
      "|---|---|---|---|---|---|---|---|\n");
  for (const Arm& arm : arms) {
    const FrozenShare share =
        frozen_share(model_of(*arm.experiment, arm.experiment->train.options.batch, true).graph);
    const double memory = double(arm.session->needed_bytes()), cpu = median(arm.cpu_ms);
    const double of_memory = memory / double(full.session->needed_bytes()),
                 of_cpu = cpu / median(full.cpu_ms),
                 of_wall = median(arm.wall_ms) / median(full.wall_ms),
                 of_flops = step_cost(*arm.experiment).flops_per_step /
                            step_cost(*full.experiment).flops_per_step;
    fmt::print("| {} | {} | {:.1f} MB | {:.0f} % | {:.0f} | {:.0f} % | {:.0f} % | {:.0f} % |\n",
               arm.name, share.parameters - share.frozen, memory / 1e6, of_memory * 100, cpu,
               of_cpu * 100, of_wall * 100, of_flops * 100);
    out.push_back({{"arm", arm.name},
                   {"trained", share.parameters - share.frozen},
                   {"bytes", memory},
                   {"cpu_ms", arm.cpu_ms},
                   {"of_memory", of_memory},
                   {"of_cpu", of_cpu}});
  }
  return out;
}

void run(const std::string& spec, int rounds, const std::string& json, std::vector<Arm>& arms) {
  for (Arm& arm : arms) open(arm, spec);
  for (int r = 0; r < rounds; ++r)
    for (size_t i = 0; i < arms.size(); ++i)  // each comes first in its turn
      for (int k = 0; k < kStepsOfARound; ++k) step(arms[(i + size_t(r)) % arms.size()]);
  const Json out = report(arms);
  if (!json.empty()) replace_file(json, to_text(out, 1) + "\n");
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    if (argc < 2) throw cambium::UserError("usage: adapters SPEC [ROUNDS] [JSON] [NAME=ADAPT ...]");
    std::vector<cambium::Arm> arms(1);
    arms[0].name = "full";
    for (int i = 4; i < argc; ++i) {
      const std::string word = argv[i];
      const size_t sign = word.find('=');
      if (sign == word.npos) throw cambium::UserError("an arm is NAME=ADAPT, got " + word);
      arms.push_back({word.substr(0, sign), word.substr(sign + 1)});
    }
    if (arms.size() == 1) {
      arms.push_back({"q, v", "{lora: {rank: 8, on: [\"*.q\", \"*.v\"]}}"});
      arms.push_back({"all products", "{lora: {rank: 8, on: [\"*attention*\", \"*ffn*\"]}}"});
    }
    cambium::run(argv[1], argc > 2 ? std::max(1, std::atoi(argv[2])) : 5, argc > 3 ? argv[3] : "",
                 arms);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
  return 0;
}
