#include "app/audited_runs.h"

#include <map>

#include "app/saved_run.h"
#include "core/text/json.h"
#include "data/audit/held_slicing.h"
#include "train/graphs/answers_graph.h"

namespace cambium {
namespace {
// The override of a run's spec that sets another corpus.
std::string other_corpus(const std::string& run, const std::string& corpus) {
  const Spec spec = load_model_spec(run, {});
  const Yaml* data = spec.section("data");
  const Yaml* kind = data ? data->find("corpus") : nullptr;
  if (!kind)
    throw UserError(str("'", run, "' was not trained on a corpus"),
                    "an audit asks runs whose spec says data: {corpus: ...}");
  return str("data.corpus", kind->is_map() ? ".path" : "", "=\"", corpus, "\"");
}

// Scores by the documents' names, in the order of `names`: those that are missing have no targets.
std::vector<DocumentScore> in_order(const std::vector<std::string>& names,
                                    const std::vector<std::string>& of,
                                    const std::vector<DocumentScore>& scores) {
  std::map<std::string_view, const DocumentScore*> by_name;
  for (size_t i = 0; i < scores.size(); ++i) by_name[of[i]] = &scores[i];
  std::vector<DocumentScore> out;
  for (const std::string& name : names) {
    const auto at = by_name.find(name);
    out.push_back(at == by_name.end() ? DocumentScore() : *at->second);
  }
  return out;
}
}  // namespace

AuditedRuns audit_runs(const std::vector<std::string>& folders, const std::string& corpus,
                       const std::string& split, const std::vector<std::string>& by,
                       Terminal& terminal, const std::function<bool()>& stop) {
  AuditedRuns out{split, {}};
  const Split part = split == "val" ? Split::kValidation : Split::kTest;
  std::vector<AuditSlicing> slicings;
  std::vector<std::string> names;
  std::vector<DocumentScore> first;
  for (const std::string& folder : folders) {
    terminal.status(str("asking ", folder));
    const OpenedRun run =
        open_run(folder, terminal, {.other_data = true, .set = {other_corpus(folder, corpus)}});
    const Experiment& e = run.experiment;
    const auto* documents = dynamic_cast<const HoldsDocuments*>(e.data.get());
    ensure(documents, "a corpus without documents");
    if (e.data->count(part) == 0)
      throw UserError(
          str("'", folder, "' has no ", split, " documents of '", corpus, "' to be asked"),
          "its spec may say held_out: 0, or the corpus hold none out: --run another");
    const int64_t batch = answers_batch(e);
    SavedModel model(e, weights_of_run(folder, true, terminal), folder, answers_graph(e, batch));
    std::vector<DocumentScore> scores =
        score_documents(model.executor(), *e.data, part, batch, stop);
    ScoredRun scored{folder, {}, {}};
    if (out.runs.empty()) {
      std::vector<std::string> keys = by;
      std::erase(keys, "split");  // all are of one
      slicings = slicings_of_documents(*documents, part, keys);
      names = names_of_documents(*documents, part);
      scores.resize(names.size());
      first = scores;
    } else {
      const std::vector<std::string> mine = names_of_documents(*documents, part);
      scores.resize(mine.size());
      scores = in_order(names, mine, scores);
      scored.more = slice_differences(first, scores, slicings);
    }
    scored.scores = slice_scores(scores, slicings);
    out.runs.push_back(std::move(scored));
  }
  terminal.end_status();
  return out;
}

Json AuditedRuns::json() const {
  Json all = Json::array();
  for (const ScoredRun& r : runs) {
    Json one = {{"run", r.name}, {"slices", to_json(r.scores)}};
    if (!r.more.empty()) one["more_than_first"] = to_json(r.more);
    all.push_back(std::move(one));
  }
  return {{"split", split}, {"runs", std::move(all)}};
}
}  // namespace cambium
