#include "data/curation/scoring/taught_texts.h"

#include <algorithm>
#include <filesystem>

#include "core/rng.h"
#include "core/text/suggest.h"
#include "data/assembly/reading.h"
#include "data/assembly/sidecar.h"

namespace cambium {
TaughtTexts taught_by(const std::string& option, const std::string& name, const StepPlace& place) {
  const auto at = std::ranges::find(place.sources, name);
  if (at != place.sources.end()) return {name, at - place.sources.begin()};
  if (name.empty())
    throw OptionError(option, "no texts are named",
                      str("name a source of the recipe, or a file: ", option, ": ",
                          place.sources.empty() ? "books" : place.sources[0]));
  try {
    list_corpus({.path = name});
  } catch (const Error&) {
    throw OptionError(option, str("'", name, "' is neither a source of the recipe nor a file"),
                      suggestion(name, place.sources));
  }
  return {name, -1};
}

namespace {
// One list of files as parts, as if it were a source.
std::vector<StagedDrafts::Part> stage_files(const std::string& name, const std::string& folder,
                                            const Workers& workers) {
  std::vector<StagedDrafts::Part> parts;
  const std::string marker = folder + "/staged";
  if (const std::optional<Json> done = read_sidecar(marker)) {
    for (const Json& p : *done)
      parts.push_back(
          {str(folder, "/p", parts.size()), 0, p[0].get<int64_t>(), p[1].get<int64_t>()});
    return parts;
  }
  make_folders(folder);
  Recipe recipe;
  recipe.sources.emplace_back();
  RecipeSource& source = recipe.sources.back();
  source.name = name;
  source.paths = {name};
  source.corpus = {.format = "auto", .longest = 16'000'000};
  const Runs runs = read_runs(recipe, list_sources(recipe, folder), folder, workers);
  parts = write_parts(recipe, runs, folder, workers).parts;
  Json list = Json::array();
  for (const auto& p : parts) list.push_back({p.documents, p.bytes});
  write_sidecar(marker, list);
  std::error_code ignored;
  std::filesystem::remove_all(folder + "/read", ignored);
  return parts;
}
}  // namespace

StagedDrafts with_files(const StagedDrafts& drafts, std::span<TaughtTexts> texts,
                        const std::string& folder, const Workers& workers) {
  StagedDrafts all = drafts;
  for (TaughtTexts& t : texts) {
    if (!t.files()) continue;
    t.source = int64_t(all.sources.size());
    for (auto part : stage_files(t.name, str(folder, "/files-", t.source), workers)) {
      part.source = t.source;
      all.parts.push_back(std::move(part));
    }
    all.sources.push_back(t.name);
  }
  return all;
}

int64_t fold_of(const Draft& draft, int64_t folds) {
  return philox(draft.cluster, stream_of("curation.folds"), 0)[0] % folds;
}

TextStream::TextStream(const StagedDrafts& texts, int64_t source, int64_t most) {
  int64_t documents = 0;
  for (const auto& part : texts.parts) {
    if (part.source != source) continue;
    paths_.push_back(part.path);
    bytes_ += part.bytes;
    documents += part.documents;
  }
  documents_ = documents;
  if (bytes_ <= most) return;
  documents_ = std::max<int64_t>(1, int64_t(double(documents) * double(most) / double(bytes_)));
  bytes_ = most;
}

bool TextStream::next(Draft& into) {
  while (given_ < bytes_) {
    if (!part_) {
      if (next_ == paths_.size()) break;
      part_ = std::make_unique<PartReader>(paths_[next_++]);
    }
    if (part_->next(into)) {
      given_ += int64_t(into.text.size());
      return true;
    }
    part_.reset();
  }
  ended_ = true;
  return false;
}

void TextStream::restart() {
  given_ = 0;
  next_ = 0;
  ended_ = false;
  part_.reset();
}
}  // namespace cambium
