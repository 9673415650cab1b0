// cambium doctor: what this machine is, how fast it computes, and whether it computes rightly.
#include "app/command.h"
#include "app/run.h"
#include "app/self_test.h"
#include "core/system/clock.h"
#include "core/system/memory.h"
#include "core/system/parallel.h"
#include "core/system/subprocess.h"
#include "core/text/json.h"
#include "ops/support/bf16.h"
#include "ops/support/dnnl.h"
#include "train/profile/roofline.h"
#include "train/run/machine.h"
#include "viz/plot/text.h"

namespace cambium::command_doctor {
namespace {
std::string dnnl_text() {
  const dnnl_version_t* v = dnnl_version();
  return str(v->major, ".", v->minor, ".", v->patch);
}

bool has_graphviz() {
  const std::vector<std::string> command = {"dot", "-V"};
  return run_process(command, "").found;
}

int doctor(bool quick, Context& context) {
  const Stopwatch watch;
  std::string text = str("machine   ", machine_text(), "\ncpu       ", cpu_name(), "\nmemory    ",
                         memory_text(double(total_memory_bytes())), ", free ",
                         memory_text(double(available_memory_bytes())), "\noneDNN    ", dnnl_text(),
                         ", ", thread_count(), " threads, products in ",
                         has_bf16_products() ? "f32 and bf16\n" : "f32 alone\n");
  Json json = {{"machine", machine_text()},
               {"cpu", cpu_name()},
               {"memory_bytes", total_memory_bytes()},
               {"available_bytes", available_memory_bytes()},
               {"onednn", dnnl_text()},
               {"bf16", has_bf16_products()},
               {"threads", thread_count()}};
  const bool graphviz = has_graphviz();
  json["graphviz"] = graphviz;
  text +=
      str("graphviz  ", graphviz ? "found" : "missing: apt install graphviz for pictures", "\n");
  if (!quick) {
    const Roofline peak = measure_roofline();
    json["gemm_gflops"] = peak.gemm_gflops;
    json["stream_gbytes"] = peak.stream_gbytes;
    text += str("peak      f32 GEMM ", fixed(peak.gemm_gflops, 0), " GFLOP/s, stream ",
                fixed(peak.stream_gbytes, 1), " GB/s\n");
  }
  bool good = true;
  json["checks"] = Json::array();
  for (const Check& c : {check_kernels(), check_gradient(), check_resume()}) {
    good = good && c.failures.empty();
    text += str(c.failures.empty() ? "ok        " : "FAILED    ", c.count, " ", c.name, "\n");
    for (const std::string& f : c.failures) text += str("          ", f, "\n");
    json["checks"].push_back({{"name", c.name}, {"count", c.count}, {"failures", c.failures}});
  }
  json["ok"] = good;
  json["seconds"] = watch.seconds();
  context.answer(json, str(text, "took      ", fixed(watch.seconds(), 1), " s\n"));
  if (good) return kExitOk;
  throw RuntimeError("this machine or this build computes wrong results",
                     "rebuild; if it stays, report the lines above");
}
}  // namespace

extern const Command command_doctor = {
    .name = "doctor",
    .doc = "describe this machine, measure it, and test that it computes rightly",
    .examples = {"cambium doctor", "cambium doctor --quick --json"},
    .declare = [](CommandLine& line) -> Action {
      auto quick = std::make_shared<bool>(false);
      line.flag("--quick", *quick, "leave the speed measurements out");
      return [quick](Context& context) { return doctor(*quick, context); };
    },
};
}  // namespace cambium::command_doctor
