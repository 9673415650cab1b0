// Manifest: what a corpus holds, and how it came about. It is written last: a folder without one
// holds no finished corpus.
#pragma once
#include "data/curation/support/tally.h"
#include "data/split.h"

namespace cambium {
struct CorpusShard {
  std::string file;  // below the corpus's folder
  std::string source;
  Split split = Split::kTrain;
  int64_t documents = 0, text_bytes = 0;  // of the texts alone
  int64_t longest = 0;                    // bytes of one text, at most
  int64_t bytes = 0;                      // of the file
  uint64_t hash = 0;                      // of the file's bytes (checksum_of_file)
  int64_t version = 1;                    // of the corpus that it came with
};

struct CorpusInput {
  std::string source, path;
  int64_t bytes = 0;
  uint64_t hash = 0;
};

// What a step did to the documents of one source.
struct SourceTally {
  int64_t documents = 0, kept = 0;
  std::map<std::string, int64_t> dropped;  // documents, by rule

  void add(const Tally& tally);

  Json json() const;
  static SourceTally from(const JsonItem& item);
};

using SourceTallies = std::map<std::string, SourceTally>;  // by the source's name

Json tallies_json(const SourceTallies& tallies);
SourceTallies tallies_from(const JsonItem& item);

struct StepRecord {
  std::string name;  // "repair", or as the manifest's own: "read", "write"
  std::string text;  // canonical options, with the version of the rules
  Tally tally;
  Json findings = nullptr;
  SourceTallies sources = {};  // of steps; empty in manifests that were written before
};

struct Manifest {
  int64_t version = 1;
  std::string recipe;  // its YAML
  uint64_t recipe_hash = 0;
  std::string program;
  std::vector<CorpusInput> inputs;
  std::vector<std::pair<std::string, std::string>> licenses;  // source, license
  std::vector<StepRecord> steps;
  std::vector<CorpusShard> shards;
  // Of a corpus that was added to others (`append:`): what their manifests said, the first version
  // first; `inputs` and `steps` are of the last alone.
  Json history = nullptr;

  uint64_t content() const;  // a hash of all shards in their order

  // "The corpus that was added to", by its content; empty in a first version.
  std::string before() const;

  Json json() const;
};

inline constexpr std::string_view kManifest = "manifest.json";

// UserError when the folder holds no finished corpus, and says what it holds.
Manifest load_manifest(const std::string& folder);

std::string_view split_name(Split split);  // "train", "val", "test"
}  // namespace cambium
