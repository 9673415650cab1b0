// cambium profile: where the time of a training step goes.
#include "app/command.h"
#include "app/pass_choice.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/tables/profile_table.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "search/runs/timing.h"
#include "viz/plot/text.h"

namespace cambium::command_profile {
namespace {
struct Options {
  std::string spec, output, by = "node";
  int64_t steps = 20, top = 20;
  double seconds = 0;  // of --time; 0: a whole profile
  PassWords passes;
};

std::string text_of(const Profile& p, const Options& o) {
  const std::string blocks = group_table(times_by_block(p), "block", p, o.top);
  const std::string first = o.by == "node" ? kernel_table(p, o.top)
                            : o.by == "op" ? group_table(times_by_op(p), "op", p, o.top)
                                           : "";
  return str(first, first.empty() ? "" : "\n", blocks, "\n", summary_text(p));
}

int time_steps(const Experiment& e, double seconds, Context& context) {
  const StepTime t = measured_step_time(e, seconds);
  context.answer({{"step_ms", t.median}, {"low_ms", t.low}, {"high_ms", t.high}},
                 str("a step takes ", fixed(t.median, 3), " ms; half of all between ",
                     fixed(t.low, 3), " and ", fixed(t.high, 3), "\n"));
  return kExitOk;
}

int profile(const Options& o, Context& context) {
  Experiment e = open_experiment(load_model_spec(o.spec, context.set));
  choose_passes(e, o.passes, context.terminal);
  if (o.seconds > 0) return time_steps(e, o.seconds, context);
  ProfileOptions options{.steps = o.steps};
  options.go_on = [&](int64_t done) {
    context.terminal.status(str("step ", done + 1, " of ", options.warm_up + options.steps));
    return !cancel_requested();
  };
  const CancelScope stops;
  const Profile p = profile_training(e, options);
  if (p.steps == 0) {
    context.terminal.note("stopped before a step was measured");
    return kExitInterrupted;
  }
  const Json json = to_json(p);
  std::string text = text_of(p, o);
  if (!o.output.empty()) {
    replace_file(o.output, to_text(json, 1) + "\n");
    text += str("file      ", o.output, "\n");
  }
  context.answer(json, text);
  return p.steps == o.steps ? kExitOk : kExitInterrupted;
}
}  // namespace

extern const Command command_profile = {
    .name = "profile",
    .doc = "train for a few steps and show where the time goes, against this machine's roofline",
    .examples = {"cambium profile configs/models/hybrid_fashion.yaml",
                 "cambium profile my.yaml --by op --threads 1",
                 "cambium profile my.yaml -o my.json && cambium graph my.yaml --heat my.json -o "
                 "heat.svg"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("SPEC", o->spec, "a model spec, or the folder of a run");
      line.whole("--steps", o->steps, 1,
                 "steps to measure, after three to warm up; 20 unless told");
      line.number("--time", o->seconds, 1e-3, 3600,
                  "only the time of a step, with its quartiles, from training so many seconds");
      line.choice("--by", o->by, {"node", "block", "op"},
                  "what the first table lists; node unless told");
      line.whole("--top", o->top, 1, "most rows of a table, slowest first; 20 unless told");
      line.text("-o,--output", o->output, "FILE",
                "write the whole profile as JSON, for `cambium graph --heat`");
      declare_passes(line, o->passes);
      return [o](Context& context) { return profile(*o, context); };
    },
};
}  // namespace cambium::command_profile
