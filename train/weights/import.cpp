#include "train/weights/import.h"

#include "core/system/files.h"
#include "train/run/checkpoint.h"
#include "train/run/machine.h"
#include "train/run/session.h"
#include "train/spec/experiment.h"
#include "train/weights/warm_start.h"

namespace cambium {
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
