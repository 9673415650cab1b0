// cambium check: everything that is wrong with specs and studies, in one pass.
#include <filesystem>

#include "app/command.h"
#include "app/mixtures/mix_view.h"
#include "app/run.h"
#include "app/scale/ladder_view.h"
#include "app/tables/data/corpus_table.h"
#include "app/tables/transfer/transfer_table.h"
#include "core/diagnostics.h"
#include "core/system/files.h"
#include "core/system/memory.h"
#include "core/text/json.h"
#include "search/candidates/model_space.h"
#include "search/ladder/ladder_runs.h"
#include "search/replay/table_study.h"
#include "search/study/cell.h"
#include "search/study/study_plan.h"
#include "search/study/tune_settings.h"
#include "search/tune/tuner.h"
#include "search/verify/verify.h"
#include "train/graphs/plans.h"
#include "viz/plot/text.h"

namespace cambium::command_check {
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

// Bytes to train a model, as far as this machine has them; that it has not is a mistake of the
// spec.
int64_t training_bytes(const Experiment& e) {
  KeptPlans plans;
  try {
    const MemoryNeed need = memory_of_run(e, plans);
    forget_models(e);
    if (const int64_t machine = total_memory_bytes(); machine >= 0) check_memory(e, need, machine);
    return predicted_peak_bytes(need);
  } catch (const RuntimeError& error) {
    throw UserError(error.what(), error.help, e.spec.root.mark);
  }
}

// What is shown of notes: each once, however many variants have it.
Json show_notes(const std::vector<UserError>& notes, const Context& context, std::string& text) {
  Json out = Json::array();
  for (const UserError& note : notes) {
    const std::string shown =
        render(note, {.overrides = context.terminal.overrides, .notes = true});
    if (text.find(shown) == text.npos) text += shown;
    out.push_back(error_json(note));
  }
  return out;
}

Json check_model(Spec spec, const Context& context, std::string& text) {
  const std::string file = spec.file;
  const Experiment e = open_experiment(std::move(spec));
  const StepCost cost = step_cost(e);
  const int64_t bytes = training_bytes(e);
  text += str("ok  ", file, ": ", compact(double(cost.parameters)), " parameters, ",
              flops_text(cost.flops_per_step), " (",
              share_text(cost.products_per_step, cost.flops_per_step), " products) a step of ",
              e.examples_per_update(), ", ", e.total_steps(), " steps, ",
              memory_text(double(bytes)), " to train\n");
  Json transfer = Json::object();
  add_transfer_line(e, model_of(e, e.train.options.batch, true).graph, text, transfer);
  const Json notes = show_notes(e.notes, context, text);
  Json out = {{"file", file},
              {"kind", "model"},
              {"parameters", cost.parameters},
              {"flops_per_step", cost.flops_per_step},
              {"products_per_step", cost.products_per_step},
              {"forward_flops_per_example", cost.forward_flops_per_example},
              {"forward_products_per_example", cost.forward_products_per_example},
              {"steps", e.total_steps()},
              {"training_bytes", bytes},
              {"notes", notes}};
  out.update(transfer);
  return out;
}

Json check_study(const std::string& file, const Context& context, std::string& text) {
  const StudyPlan plan = plan_study(load_study(file, context.set));
  Json variants = Json::array();
  for (const PlannedVariant& v : plan.variants)
    check_fits(file, str("'", v.name, "'"), v.needed_bytes);
  text += str("ok  ", file, ": ", plan.variants.size(),
              !plan.study.tasks.empty()   ? " variants on tasks x "
              : plan.variants.size() == 1 ? " variant x "
                                          : " variants x ",
              plan.study.looks.empty() ? "" : "up to ", plan.study.seeds.size(), " seeds\n");
  if (plan.study.tune) {
    check_tuning(plan);
    text += str("      each tuned by ", plan.study.tune->trials, " trials of ",
                plan.study.tune->method.record->name, " first, ", tuning_trials(plan.study),
                " trainings with their pieces, at most\n");
  }
  for (const PlannedVariant& v : plan.variants) {
    text += str("      ", v.name, ": ", compact(double(v.cost.parameters)), " parameters, ",
                flops_text(v.cost.flops_per_step), " (",
                share_text(v.cost.products_per_step, v.cost.flops_per_step), " products) a step, ",
                v.steps, " steps, ", memory_text(double(v.needed_bytes)), " to train\n");
    variants.push_back({{"name", v.name},
                        {"parameters", v.cost.parameters},
                        {"flops_per_step", v.cost.flops_per_step},
                        {"products_per_step", v.cost.products_per_step},
                        {"steps", v.steps},
                        {"training_bytes", v.needed_bytes},
                        {"notes", show_notes(v.notes, context, text)}});
  }
  return {{"file", file}, {"kind", "study"}, {"seeds", plan.study.seeds}, {"variants", variants}};
}

Json check_model_search(const Spec& spec, const Context& context, std::string& text) {
  ModelSpace models(spec);
  const std::vector<PlannedVariant> bases = models.plan_base("base");
  const int64_t trials = models.study().search->settings.trials;
  text += str("ok  ", spec.file, ": ", trials, " trials by ", models.method().method->name);
  Json json = Json::array();
  for (const PlannedVariant& base : bases) {
    check_fits(spec.file, str("the ", base.name), base.needed_bytes);
    text += str("; the ", base.name, ": ", compact(double(base.cost.parameters)), " parameters, ",
                flops_text(base.cost.flops_per_step), " a step, ", base.steps, " steps, ",
                memory_text(double(base.needed_bytes)), " to train");
    json.push_back({{"parameters", base.cost.parameters},
                    {"steps", base.steps},
                    {"training_bytes", base.needed_bytes}});
    if (bases.size() > 1) json.back()["task"] = task_of(base.name);
  }
  text += "\n";
  for (size_t i = 0; i < bases.size(); ++i)
    json[i]["notes"] = show_notes(bases[i].notes, context, text);
  Json out = {{"file", spec.file},
              {"kind", "search"},
              {"method", models.method().method->name},
              {"trials", trials}};
  out[bases.size() > 1 ? "bases" : "base"] = bases.size() > 1 ? json : json[0];
  return out;
}

Json check_ladder(const std::string& file, const Context& context, std::string& text) {
  const LadderPlan plan = plan_ladder(load_study(file, context.set), {.timed = true});
  for (const LadderPoint& p : plan.points)
    check_fits(file, str("'", p.planned.name, "'"), p.planned.needed_bytes);
  text += str("ok  ", file, ": ", ladder_text(plan, ladder_jobs(plan, {})));
  std::vector<UserError> notes;
  for (const LadderPoint& p : plan.points)
    notes.insert(notes.end(), p.planned.notes.begin(), p.planned.notes.end());
  Json json = ladder_json(plan);
  json["notes"] = show_notes(notes, context, text);
  json["file"] = file;
  json["kind"] = "ladder";
  return json;
}

Json check_mixtures(const std::string& file, const Context& context, std::string& text) {
  const MixPlan plan = plan_mixtures(load_study(file, context.set));
  std::vector<UserError> notes;
  for (const PlannedVariant& v : plan.plan.variants) {
    check_fits(file, str("'", v.name, "'"), v.needed_bytes);
    notes.insert(notes.end(), v.notes.begin(), v.notes.end());
  }
  text += str("ok  ", file, ": ", mix_text(plan, mix_jobs(plan, {}, drawn_runs(plan).size())));
  Json json = mix_json(plan);
  json["notes"] = show_notes(notes, context, text);
  json["file"] = file;
  json["kind"] = "mixtures";
  return json;
}

Json check_search(const std::string& file, const Context& context, std::string& text) {
  const TableStudy study = load_table_study(file, context.set);
  const std::optional<int64_t> size = study.space->size();
  text += str("ok  ", file, ": ", study.settings.trials, " trials by ", study.method->name,
              size ? str(" of ", *size, " points") : "", "\n");
  return {{"file", file},
          {"kind", "search"},
          {"method", study.method->name},
          {"trials", study.settings.trials},
          {"space_size", size ? Json(*size) : Json()}};
}

// A published cell at both sizes; its spec is checked where its data is, by verify.
Json check_cell(const std::string& file, std::string& text) {
  const std::filesystem::path path(file);
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  load_verify(folder, path.stem().string(), true);
  const VerifyCell cell = load_verify(folder, path.stem().string(), false);
  if (!file_exists(cell.numbers.spec))
    throw UserError(str("there is no spec '", cell.numbers.spec, "'"),
                    "mend the cell's spec:", {file, 1, 1, 1});
  text += str("ok  ", file, ": a published result, ", plan_size(cell),
              " trainings: cambium verify ", cell.name, "\n");
  return {{"file", file}, {"kind", "published result"}, {"trainings", plan_size(cell)}};
}

Json check_recipe(const std::string& file, const Context& context, std::string& text) {
  const Recipe recipe = load_recipe(file, context.set);
  text += recipe_line(recipe);
  return {{"file", file}, {"kind", "recipe"}, {"sources", recipe.sources.size()}};
}

int check(const Options& options, Context& context) {
  Diagnostics errors;
  Json good = Json::array();
  std::string text;
  for (const std::string& file : options.specs) {
    std::string own;  // a file with a mistake is not said to be good first
    try {
      Spec spec = load_spec(file, context.set);
      good.push_back(is_verify_cell(spec)    ? check_cell(file, own)
                     : is_recipe(spec)       ? check_recipe(file, context, own)
                     : is_table_search(spec) ? check_search(file, context, own)
                     : is_search(spec)       ? check_model_search(spec, context, own)
                     : spec.section("scale") ? check_ladder(file, context, own)
                     : spec.section("mix")   ? check_mixtures(file, context, own)
                     : is_study(spec)        ? check_study(file, context, own)
                                             : check_model(std::move(spec), context, own));
      text += own;
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
    .doc =
        "find everything that is wrong with specs and studies, in one pass; and note what is "
        "legal but cannot do what it says",
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
}  // namespace cambium::command_check
