#include "train/weights/import.h"

#include "core/system/files.h"
#include "ops/support/dnnl.h"
#include "train/graphs/pipeline.h"
#include "train/run/checkpoint.h"
#include "train/run/machine.h"
#include "train/run/session.h"
#include "train/spec/experiment.h"
#include "train/weights/warm_start.h"

namespace cambium {
namespace {
// Without moments or an evaluation, in the memory of the weights.
void write_weights(const ImportedModel& model, const Experiment& e, RunState state,
                   const std::string& folder) {
  Engine engine;
  const Plan plan = compile(optimised(e, model_graph(e, 1, false)), engine);
  Store store;
  store.add(plan, state.seed);
  NamedTensors all;
  for (const Leaf& leaf : plan.store) {
    const auto given = model.tensors.find(leaf.name);
    all[leaf.name] = given == model.tensors.end() ? &store.at(leaf.name) : &given->second;
  }
  state.best = BestEvaluation{};
  save_checkpoint(folder, state, all, all);
}
}  // namespace

void write_imported(const ImportedModel& model, const std::string& folder) {
  make_folders(folder);
  replace_file(folder + "/spec.yaml", model.spec);
  const Experiment e = open_experiment(load_spec(folder + "/spec.yaml"));
  std::map<std::string, ValueType> wanted = weights_of(model_graph(e, 1, false));
  for (const std::string& name : model.fresh) wanted.erase(name);
  require_all_copied(match_weights(types_of(model.tensors), wanted, {}), model.summary);
  RunState state;
  state.spec_hash = spec_hash(e.spec);
  state.seed = e.train.options.seed;
  state.machine = machine_text();
  state.data = identity_of(e);
  if (model.noise) return write_weights(model, e, std::move(state), folder);
  // A session adds what training needs beside the weights: moments, and a score to beat.
  Session session(e, usable_memory_bytes());
  Checkpoint start;
  for (const auto& [name, t] : session.tensors()) start.tensors.emplace(name, t->clone());
  for (const auto& [name, t] : model.tensors) start.tensors.insert_or_assign(name, t.clone());
  session.restore_from(start, model.summary);
  session.start(0);
  if (e.evaluated_examples(Split::kValidation) > 0) {
    state.evaluated = session.evaluate_on(Split::kValidation, e.train.options.eval_batches);
    state.best = BestEvaluation{0, state.evaluated};
    session.keep_as_best();
  }
  save_checkpoint(folder, state, session.tensors(), session.best());
}
}  // namespace cambium
