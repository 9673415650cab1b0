// The model as it is judged: its answers, its loss and what is counted.
#include "train/graphs/step/backward.h"
#include "train/graphs/step/chunked_loss.h"
#include "train/graphs/step_graph.h"

namespace cambium {
namespace {
// The outputs of an evaluation that are counted rather than lost.
void emit_counts(const Experiment& e, const LossInputs& s) {
  Graph& g = *s.output.graph;
  const TargetKind kind = e.data->shape(1).target_kind();
  if (kind == TargetKind::kClasses) {
    if (e.train.options.accuracy == "macro")
      g.outputs.push_back({"class_counts", port_of(g.emit("class_counts", {s.output, s.target}))});
    g.outputs.push_back({"correct", port_of(g.emit("accuracy", {s.output, s.target}))});
  }
  if (kind != TargetKind::kSequences) return;
  const Value errors = g.emit("ctc_errors", s.of_sequences(), options_of_data(e.data->shape(1)));
  for (int i = 0; const char* name : {"edits", "symbols", "correct", "sequences"})
    g.outputs.push_back({name, port_of(errors.nth(i++))});
}
}  // namespace

Graph evaluation_graph(const Experiment& e, int64_t batch) {
  Graph g = model_graph(e, batch, false);
  const DataShape data = e.data->shape(batch);
  const Scored scored = emit_scored(g, data);
  ScopeGuard guard(g, {.path = "loss"});
  if (const int64_t rows = loss_rows(e, scored)) {
    const ChunkedLoss chunked = emit_chunked_loss(scored, rows, options_of_data(data), false);
    g.outputs = {{"loss", port_of(chunked.values.loss)},
                 {"scored", port_of(chunked.values.scored)},
                 {"correct", port_of(chunked.correct)}};
  } else {
    const auto [loss, count] = emit_loss(e, scored, options_of_data(data));
    g.outputs = {{std::string(output_name(data)), port_of(scored.output)},
                 {"loss", port_of(loss)},
                 {"scored", port_of(count)}};
    emit_counts(e, scored);
  }
  g.updates.clear();
  return g;
}
}  // namespace cambium
