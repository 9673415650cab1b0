#include "data/tokenizers/training_texts.h"

#include <filesystem>

#include "core/system/files.h"
#include "data/assembly/manifest.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

std::vector<std::string> train_shards(const std::string& folder) {
  const Manifest manifest = load_manifest(folder);
  std::vector<std::string> paths;
  for (const CorpusShard& s : manifest.shards)
    if (s.split == Split::kTrain) paths.push_back(str(folder, "/", s.file));
  if (paths.empty()) throw UserError(str(folder, ": this corpus has no documents to train on"));
  return paths;
}

void refuse_evaluation_texts(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const fs::path split = fs::absolute(path).lexically_normal().parent_path();
    const std::string name = split.filename();
    if ((name == "val" || name == "test") && file_exists(split.parent_path() / kManifest))
      throw UserError(
          str(path, " is part of the ", name, " split of a corpus"),
          str("train on its train split: name the folder ", split.parent_path().string()));
  }
}
}  // namespace

void for_each_training_text(const std::string& path, CorpusOptions options,
                            const std::function<void(const Document&)>& take) {
  options.path = path;
  std::shared_ptr<const CorpusFiles> files;
  if (file_exists(str(path, "/", kManifest))) {
    options.format = "jsonl";  // what shards hold
    options.key = "text";
    files = list_of(train_shards(path), options);
  } else {
    files = list_corpus(options);
    refuse_evaluation_texts(paths_of(*files));
  }
  const auto documents = open_corpus(options, files);
  for (Document d; documents->next(d);) take(d);
}
}  // namespace cambium
