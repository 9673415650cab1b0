// cambium check: everything that is wrong with specs and studies, in one pass.
#include "app/command.h"
#include "app/run.h"
#include "core/json.h"
#include "core/memory.h"
#include "search/study_plan.h"
#include "train/plans.h"
#include "viz/text.h"

namespace cambium {
namespace {
struct Options {
  std::vector<std::string> specs;
};

// What this machine could give at best, whatever it gives now.
void check_fits(const std::string& file, const std::string& what, int64_t bytes) {
  const int64_t most = total_memory_bytes();
  if (most < 0 || bytes <= most) return;
  throw UserError(str("training ", what, " needs ", bytes_text(bytes), " of memory, this machine ",
                      "has ", bytes_text(most)),
                  "lower train.batch or the model's widths, or train it on a larger machine",
                  {file, 1, 1, 1});
}

Json check_model(Spec spec, std::string& text) {
  const std::string file = spec.file;
  const Experiment e = open_experiment(std::move(spec));
  const StepCost cost = step_cost(e);
  Engine engine;
  const TrainPlans plans = compile_plans(e, engine);
  const int64_t bytes = memory_need(e, plans).total();
  check_fits(file, "it", bytes);
  text += str("ok  ", file, ": ", compact(double(cost.parameters)), " parameters, ",
              flops_text(cost.flops_per_step), " a step of ",
              e.train.options.batch * e.train.options.accumulate, ", ", e.total_steps(), " steps, ",
              memory_text(double(bytes)), " to train\n");
  return {{"file", file},
          {"kind", "model"},
          {"parameters", cost.parameters},
          {"flops_per_step", cost.flops_per_step},
          {"forward_flops_per_example", cost.forward_flops_per_example},
          {"steps", e.total_steps()},
          {"training_bytes", bytes}};
}

Json check_study(const std::string& file, const std::vector<std::string>& overrides,
                 std::string& text) {
  const StudyPlan plan = plan_study(load_study(file, overrides));
  Json variants = Json::array();
  for (const PlannedVariant& v : plan.variants)
    check_fits(file, str("'", v.name, "'"), v.needed_bytes);
  text += str("ok  ", file, ": ", plan.variants.size(), " variants x ", plan.study.seeds.size(),
              " seeds\n");
  for (const PlannedVariant& v : plan.variants) {
    text += str("      ", v.name, ": ", compact(double(v.cost.parameters)), " parameters, ",
                v.steps, " steps, ", memory_text(double(v.needed_bytes)), " to train\n");
    variants.push_back({{"name", v.name},
                        {"parameters", v.cost.parameters},
                        {"flops_per_step", v.cost.flops_per_step},
                        {"steps", v.steps},
                        {"training_bytes", v.needed_bytes}});
  }
  return {{"file", file}, {"kind", "study"}, {"seeds", plan.study.seeds}, {"variants", variants}};
}

int check(const Options& options, Context& context) {
  Diagnostics errors;
  Json good = Json::array();
  std::string text;
  for (const std::string& file : options.specs) {
    try {
      Spec spec = load_spec(file, context.set);
      good.push_back(is_study(spec) ? check_study(file, context.set, text)
                                    : check_model(std::move(spec), text));
    } catch (const UserErrors& e) {
      errors.add_all(e);
    } catch (const UserError& e) {
      errors.add(e);
    }
  }
  if (errors.empty() || !context.terminal.json)
    context.answer({{"ok", errors.empty()}, {"specs", good}}, text);
  errors.throw_if_any();
  return kExitOk;
}
}  // namespace

extern const Command command_check = {
    .name = "check",
    .doc = "find everything that is wrong with specs and studies, in one pass",
    .examples = {"cambium check configs/models/hybrid_fashion.yaml",
                 "cambium check configs/*/*.yaml",
                 "cambium check my.yaml --set vars.dim=96 --json"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.words("SPEC", o->specs, "model specs or studies");
      return [o](Context& context) { return check(*o, context); };
    },
};
}  // namespace cambium
