#include "data/assembly/manifest.h"

#include <charconv>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/xxhash.h"

namespace cambium {
namespace {
uint64_t hash_from(const std::string& hex) {
  uint64_t hash = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), hash, 16);
  return hash;
}

Split split_from(const std::string& name) {
  for (const Split s : {Split::kTrain, Split::kValidation, Split::kTest})
    if (split_name(s) == name) return s;
  throw UserError(str("'", name, "' is no part of a corpus: train, val or test"));
}

Json shard_json(const CorpusShard& s) {
  return {{"file", s.file},           {"source", s.source},         {"split", split_name(s.split)},
          {"documents", s.documents}, {"text_bytes", s.text_bytes}, {"longest", s.longest},
          {"bytes", s.bytes},         {"hash", hash_name(s.hash)},  {"version", s.version}};
}

CorpusShard shard_from(const JsonItem& item) {
  return {item.needed_text("file"),
          item.needed_text("source"),
          split_from(item.needed_text("split")),
          item.whole("documents"),
          item.whole("text_bytes"),
          item.whole("longest"),
          item.whole("bytes"),
          hash_from(item.needed_text("hash")),
          item.whole("version", 1)};
}
}  // namespace

void SourceTally::add(const Tally& tally) {
  documents += tally.documents;
  kept += tally.kept;
  for (const auto& [name, rule] : tally.rules)
    if (rule.dropped > 0) dropped[name] += rule.dropped;
}

Json SourceTally::json() const {
  Json out = {{"documents", documents}, {"kept", kept}, {"dropped", Json::object()}};
  for (const auto& [rule, n] : dropped) out["dropped"][rule] = n;
  return out;
}

SourceTally SourceTally::from(const JsonItem& item) {
  SourceTally t{item.whole("documents"), item.whole("kept"), {}};
  const JsonItem dropped = item.item("dropped");
  for (const auto& [rule, n] : dropped.json().items())
    t.dropped[rule] = dropped.whole(rule.c_str());
  return t;
}

Json tallies_json(const SourceTallies& tallies) {
  Json out = Json::object();
  for (const auto& [source, tally] : tallies) out[source] = tally.json();
  return out;
}

SourceTallies tallies_from(const JsonItem& item) {
  SourceTallies out;
  for (const auto& [source, tally] : item.json().items())
    out[source] = SourceTally::from(JsonItem(tally, str(item.where(), ": ", source)));
  return out;
}

std::string_view split_name(Split split) {
  return split == Split::kTrain ? "train" : split == Split::kValidation ? "val" : "test";
}

uint64_t Manifest::content() const {
  std::string all;
  for (const CorpusShard& s : shards) all += str(s.file, " ", s.hash, "\n");
  return content_hash(all);
}

std::string Manifest::before() const {
  if (!history.is_array() || history.empty()) return {};
  return JsonItem(history.back(), std::string(kManifest)).text("content");
}

Json Manifest::json() const {
  Json out = {{"format", "cambium corpus"},
              {"version", version},
              {"content", hash_name(content())},
              {"program", program},
              {"recipe_hash", hash_name(recipe_hash)},
              {"recipe", recipe},
              {"licenses", Json::object()},
              {"inputs", Json::array()},
              {"steps", Json::array()},
              {"shards", Json::array()}};
  for (const auto& [source, license] : licenses) out["licenses"][source] = license;
  for (const CorpusInput& i : inputs)
    out["inputs"].push_back(
        {{"source", i.source}, {"path", i.path}, {"bytes", i.bytes}, {"hash", hash_name(i.hash)}});
  for (const StepRecord& s : steps) {
    Json step = {{"name", s.name}, {"text", s.text}, {"tally", s.tally.json()}};
    if (!s.findings.is_null()) step["findings"] = s.findings;
    if (!s.sources.empty()) step["sources"] = tallies_json(s.sources);
    out["steps"].push_back(std::move(step));
  }
  for (const CorpusShard& s : shards) out["shards"].push_back(shard_json(s));
  if (history.is_array()) out["history"] = history;
  return out;
}

Manifest load_manifest(const std::string& folder) {
  const std::string path = str(folder, "/", kManifest);
  if (!file_exists(path)) {
    if (file_exists(folder + "/work"))
      throw UserError(str("'", folder, "' holds a corpus that is not finished"),
                      str("give the same command again, which goes on where it ended: cambium data "
                          "build RECIPE -o ",
                          folder));
    throw UserError(str("'", folder, "' holds no corpus"),
                    "build one with `cambium data build RECIPE -o FOLDER`");
  }
  const Json json = load_json(path);
  const JsonItem item(json, path);
  if (item.text("format") != "cambium corpus")
    throw UserError(str("'", path, "' is no manifest of a corpus"), "name another folder");
  Manifest m;
  m.version = item.whole("version", 1);
  m.program = item.text("program");
  m.recipe = item.text("recipe");
  m.recipe_hash = hash_from(item.needed_text("recipe_hash"));
  const JsonItem licenses = item.item("licenses");
  for (const auto& [source, license] : licenses.json().items())
    m.licenses.emplace_back(source, licenses.needed_text(source.c_str()));
  for (const JsonItem& i : item.items("inputs"))
    m.inputs.push_back({i.needed_text("source"), i.needed_text("path"), i.whole("bytes"),
                        hash_from(i.needed_text("hash"))});
  for (const JsonItem& s : item.items("steps")) {
    const Json* findings = s.find("findings");
    m.steps.push_back({s.needed_text("name"), s.text("text"), Tally::from(s.item("tally")),
                       findings ? *findings : Json(nullptr), tallies_from(s.item("sources"))});
  }
  for (const JsonItem& s : item.items("shards")) m.shards.push_back(shard_from(s));
  if (const Json* history = item.find("history"); history && !item.items("history").empty())
    m.history = *history;
  return m;
}
}  // namespace cambium
