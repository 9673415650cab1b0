#include "data/assembly/passes.h"

#include <filesystem>

#include "data/assembly/sidecar.h"

namespace cambium {
namespace {
using CurationSteps = std::span<const std::unique_ptr<CurationStep>>;

// Where each pass begins among the steps, and the end.
std::vector<size_t> bounds_of(CurationSteps steps) {
  std::vector<size_t> bounds = {0};
  for (size_t i = 1; i < steps.size(); ++i)
    if (steps[i]->looks()) bounds.push_back(i);
  bounds.push_back(steps.size());
  return bounds;
}

std::string part_path(const std::string& folder, int64_t part) {
  return str(folder, "/p", part);
}

// What a part becomes, and what each step did to it.
void judge_part(const StagedDrafts::Part& from, int64_t part, CurationSteps steps,
                const std::string& path) {
  std::vector<std::unique_ptr<Judge>> judges;
  for (const auto& step : steps) judges.push_back(step->judge(part));
  std::vector<Tally> tallies(steps.size());
  PartReader in(from.path);
  PartWriter out(path);
  int64_t documents = 0, bytes = 0;
  for (Draft draft; in.next(draft);) {
    bool keep = true;
    for (size_t i = 0; i < judges.size() && keep; ++i) {
      Tally& t = tallies[i];
      t.documents += 1;
      t.bytes += int64_t(draft.text.size());
      keep = judges[i]->keep(draft, t);
      t.kept += keep;
      t.kept_bytes += keep ? int64_t(draft.text.size()) : 0;
    }
    if (!keep) continue;
    out.add(draft);
    ++documents;
    bytes += int64_t(draft.text.size());
  }
  out.commit();
  Json done = {{"documents", documents}, {"bytes", bytes}, {"tallies", Json::array()}};
  for (const Tally& t : tallies) done["tallies"].push_back(t.json());
  write_sidecar(path, done);
}

// Adds up what the parts' sidecars say, in their order.
StagedDrafts collect(const StagedDrafts& before, const std::string& folder,
                     std::span<StepRecord> records) {
  StagedDrafts after{before.sources, {}, 0};
  after.settled = before.settled;
  for (size_t i = 0; i < size_t(before.own()); ++i) {
    const std::string path = part_path(folder, int64_t(i));
    const Json done = read_sidecar(path).value();
    const JsonItem item(done, path);
    after.parts.push_back(
        {path, before.parts[i].source, item.whole("documents"), item.whole("bytes")});
    const std::vector<JsonItem> tallies = item.items("tallies");
    const std::string& source = before.sources[size_t(before.parts[i].source)];
    for (size_t k = 0; k < records.size(); ++k) {
      const Tally tally = Tally::from(tallies[k]);
      records[k].tally.add(tally);
      records[k].sources[source].add(tally);
    }
  }
  after.parts.insert(after.parts.end(), before.parts.end() - before.settled, before.parts.end());
  return after;
}

Json record_json(const StepRecord& r) {
  return {
      {"tally", r.tally.json()}, {"findings", r.findings}, {"sources", tallies_json(r.sources)}};
}

Json staged_json(const StagedDrafts& staged) {
  Json parts = Json::array();
  for (const auto& p : staged.without_settled().parts)
    parts.push_back({p.source, p.documents, p.bytes});
  return parts;
}

StagedDrafts staged_from(const Json& parts, const StagedDrafts& before, const std::string& folder) {
  StagedDrafts staged{before.sources, {}, before.settled};
  for (const Json& p : parts)
    staged.parts.push_back({part_path(folder, int64_t(staged.parts.size())), p[0].get<int64_t>(),
                            p[1].get<int64_t>(), p[2].get<int64_t>()});
  staged.parts.insert(staged.parts.end(), before.parts.end() - before.settled, before.parts.end());
  return staged;
}

StagedDrafts run_pass(CurationSteps steps, const StagedDrafts& staged, const std::string& folder,
                      const std::string& stage, const Workers& workers,
                      std::span<StepRecord> records) {
  make_folders(folder);
  if (!steps.empty() && steps[0]->looks()) {
    const std::string look = folder + "-look";
    make_folders(look);
    steps[0]->look(steps[0]->compares() ? staged : staged.without_settled(), look, workers);
  }
  run_tasks(
      workers, stage, staged.own(),
      [&](int64_t i) { return read_sidecar(part_path(folder, i)).has_value(); },
      [&](int64_t i) { judge_part(staged.parts[size_t(i)], i, steps, part_path(folder, i)); });
  for (size_t k = 0; k < steps.size(); ++k) records[k].findings = steps[k]->findings();
  return collect(staged, folder, records);
}
}  // namespace

int64_t pass_count(const Recipe& recipe) {
  return int64_t(bounds_of(open_steps(recipe)).size()) - 1;
}

StagedDrafts run_passes(const Recipe& recipe, StagedDrafts staged, const std::string& work,
                        const Workers& workers, std::vector<StepRecord>& records) {
  const std::vector<std::unique_ptr<CurationStep>> steps = open_steps(recipe);
  const std::vector<size_t> bounds = bounds_of(steps);
  std::string before = work + "/pass-0";
  records.clear();
  for (const RecipeStep& s : recipe.steps)
    records.push_back({std::string(s.choice.record->name), s.text, {}});
  for (size_t pass = 1; pass < bounds.size(); ++pass) {
    const std::string folder = str(work, "/pass-", pass), marker = folder + "-done";
    const size_t first = bounds[pass - 1], count = bounds[pass] - first;
    const std::span<StepRecord> mine = std::span(records).subspan(first, count);
    if (const std::optional<Json> done = read_sidecar(marker)) {
      staged = staged_from((*done)["parts"], staged, folder);
      for (size_t k = 0; k < count; ++k) {
        const JsonItem item((*done)["steps"][k], marker);
        mine[k].tally = Tally::from(item.item("tally"));
        mine[k].findings = (*done)["steps"][k]["findings"];
        mine[k].sources = tallies_from(item.item("sources"));
      }
    } else {
      staged = run_pass(CurationSteps(steps).subspan(first, count), staged, folder,
                        count == 0 ? "copying" : mine[0].name, workers, mine);
      Json steps_json = Json::array();
      for (const StepRecord& r : mine) steps_json.push_back(record_json(r));
      write_sidecar(marker, {{"parts", staged_json(staged)}, {"steps", steps_json}});
    }
    std::error_code ignored;  // what is left costs space
    std::filesystem::remove_all(before, ignored);
    std::filesystem::remove_all(folder + "-look", ignored);
    before = folder;
  }
  return staged;
}
}  // namespace cambium
