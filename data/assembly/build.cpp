#include "data/assembly/build.h"

#include <algorithm>
#include <filesystem>

#include "core/hash.h"
#include "core/system/lock.h"
#include "core/version.h"
#include "data/assembly/passes.h"
#include "data/assembly/reading.h"
#include "data/assembly/shards.h"
#include "data/assembly/sidecar.h"
#include "data/assembly/versions/settled.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

// What `work` is the work on.
Json plan_json(const Recipe& recipe, const std::vector<SourceFiles>& sources,
               const std::optional<SettledCorpus>& settled) {
  Json plan = {{"recipe", recipe.hash}, {"files", inputs_json(sources)}};
  if (settled) plan["appended_to"] = settled->manifest.content();
  return plan;
}

void refuse_other_corpus(const Manifest& manifest, const Recipe& recipe,
                         const std::string& folder) {
  if (manifest.recipe_hash == recipe.hash) return;
  throw UserError(str("'", folder, "' holds the corpus of another recipe"),
                  "name another folder with -o, or remove this one");
}

void refuse_other_things(const std::string& folder) {
  if (!fs::exists(folder) || fs::exists(str(folder, "/", kManifest))) return;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name == "work" || name == ".lock") continue;
    if (!fs::exists(folder + "/work"))
      throw UserError(str("'", folder, "' holds something else: ", name),
                      "name a folder that is empty or not there with -o");
  }
}

// The files of a finished corpus are those that the recipe names now, as far as sizes tell.
// Standard input cannot be asked again.
void refuse_other_files(const Manifest& manifest, const Recipe& recipe, const std::string& folder) {
  for (const RecipeSource& s : recipe.sources)
    if (std::ranges::count(s.paths, "-") > 0) return;
  const std::vector<SourceFiles> sources = list_sources(recipe, folder + "/work");
  std::vector<std::pair<std::string, int64_t>> now, then;
  for (const SourceFiles& s : sources)
    for (const SourceFiles::File& f : s.files) now.emplace_back(f.path, f.bytes);
  for (const CorpusInput& i : manifest.inputs) then.emplace_back(i.path, i.bytes);
  const auto [a, b] = std::ranges::mismatch(now, then);
  if (a == now.end() && b == then.end()) return;
  throw UserError(str("'", folder, "' was built from other files: ",
                      a == now.end() ? str(b->first, " is gone")
                      : b == then.end() || a->first != b->first
                          ? str(a->first, " was not there")
                          : str(a->first, " had ", b->second, " bytes and has ", a->second)),
                  "name another folder with -o to build it from these");
}

void refuse_other_version(const Manifest& manifest, const std::optional<SettledCorpus>& settled,
                          const std::string& folder) {
  if (!settled || manifest.before() == hash_name(settled->manifest.content())) return;
  throw UserError(str("'", folder, "' was added to '", settled->folder, "' as that was before"),
                  "name another folder with -o to add to it as it is now");
}

// An empty `work`, unless it is the work on this very plan.
bool prepare_work(const std::string& folder, const Json& plan) {
  const std::string work = folder + "/work";
  const std::optional<Json> was = read_sidecar(work + "/plan");
  if (was && *was == plan) {
    sweep_temporaries(work);
    return false;
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(work))
    if (entry.path().filename() != "stdin") fs::remove_all(entry.path(), ignored);
  for (const char* split : {"train", "val", "test"}) fs::remove_all(folder + "/" + split, ignored);
  write_sidecar(work + "/plan", plan);
  return was.has_value();
}

void sweep_all(const std::string& folder) {
  std::error_code ignored;
  for (auto it = fs::recursive_directory_iterator(folder, ignored); it != fs::end(it); ++it)
    if (it->is_directory(ignored)) sweep_temporaries(it->path());
}

// What the manifest says of all but the documents.
void describe(const Recipe& recipe, const std::optional<SettledCorpus>& settled, Manifest& m) {
  m.recipe = recipe.text;
  m.recipe_hash = recipe.hash;
  m.program = str("cambium ", kVersion);
  if (settled) {
    m.version = settled->manifest.version + 1;
    m.history = history_of(settled->manifest);
    m.licenses = settled->manifest.licenses;
  }
  for (const RecipeSource& s : recipe.sources) {
    if (s.license.empty()) continue;
    std::erase_if(m.licenses, [&](const auto& known) { return known.first == s.name; });
    m.licenses.emplace_back(s.name, s.license);
  }
}

// What is known once all was read, so that the runs need not stay.
StagedDrafts read_all(const Recipe& recipe, const std::vector<SourceFiles>& sources,
                      const std::string& work, const Workers& workers, Manifest& manifest) {
  const std::string parts = work + "/pass-0", marker = work + "/read-done";
  StagedDrafts staged;
  Tally tally;
  if (const std::optional<Json> done = read_sidecar(marker)) {
    const JsonItem item(*done, marker);
    tally = Tally::from(item.item("tally"));
    for (const RecipeSource& s : recipe.sources) staged.sources.push_back(s.name);
    for (const Json& p : (*done)["parts"])
      staged.parts.push_back({str(parts, "/p", staged.parts.size()), p[0].get<int64_t>(),
                              p[1].get<int64_t>(), p[2].get<int64_t>()});
    for (const Json& i : (*done)["inputs"])
      manifest.inputs.push_back({i[0].get<std::string>(), i[1].get<std::string>(),
                                 i[2].get<int64_t>(), i[3].get<uint64_t>()});
  } else {
    Runs runs = read_runs(recipe, sources, work, workers);
    for (const Tally& t : runs.tallies) tally.add(t);
    staged = write_parts(recipe, runs, parts, workers);
    manifest.inputs = std::move(runs.inputs);
    Json list = Json::array(), inputs = Json::array();
    for (const auto& p : staged.parts) list.push_back({p.source, p.documents, p.bytes});
    for (const CorpusInput& i : manifest.inputs)
      inputs.push_back({i.source, i.path, i.bytes, i.hash});
    write_sidecar(marker, {{"tally", tally.json()}, {"parts", list}, {"inputs", inputs}});
  }
  std::error_code ignored;
  fs::remove_all(work + "/read", ignored);
  if (tally.kept == 0)
    throw UserError("the sources hold no documents", "see what `path` of each names",
                    recipe.sources.front().mark);
  manifest.steps.push_back({"read", "", std::move(tally)});
  return staged;
}
}  // namespace

BuiltCorpus build_corpus(const Recipe& recipe, const std::string& folder, const Workers& workers) {
  BuiltCorpus built;
  refuse_other_things(folder);
  make_folders(folder);
  const FolderLock lock(folder);
  const std::string work = folder + "/work";
  const std::optional<SettledCorpus> settled = settled_corpus(recipe, folder);
  std::error_code ignored;
  if (file_exists(str(folder, "/", kManifest))) {
    built.manifest = load_manifest(folder);
    refuse_other_corpus(built.manifest, recipe, folder);
    refuse_other_version(built.manifest, settled, folder);
    refuse_other_files(built.manifest, recipe, folder);
    built.was_there = true;
    fs::remove_all(work, ignored);
    return built;
  }
  make_folders(work);
  sweep_all(folder);
  const std::vector<SourceFiles> sources = list_sources(recipe, work);
  built.began_anew = prepare_work(folder, plan_json(recipe, sources, settled));
  Manifest& m = built.manifest;
  describe(recipe, settled, m);
  StagedDrafts staged = read_all(recipe, sources, work, workers, m);
  if (settled) stage_settled(*settled, work, workers, staged);
  std::vector<StepRecord> records;
  staged = run_passes(recipe, std::move(staged), work, workers, records);
  m.steps.insert(m.steps.end(), records.begin(), records.end());
  Tally written;
  m.shards = write_shards(recipe, staged, folder, work, workers, written, m.version);
  if (settled) {
    take_over_shards(*settled, folder, workers);
    m.shards.insert(m.shards.begin(), settled->manifest.shards.begin(),
                    settled->manifest.shards.end());
  }
  m.steps.push_back({"write", "", std::move(written)});
  replace_file(str(folder, "/", kManifest), to_text(m.json(), 1) + "\n");
  fs::remove_all(work, ignored);
  return built;
}
}  // namespace cambium
