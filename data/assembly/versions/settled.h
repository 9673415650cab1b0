// Settled: the corpus that another one adds to. Its shards stay as they are, byte for byte; its
// documents are what steps compare the new ones with.
#pragma once
#include <optional>

#include "data/assembly/manifest.h"
#include "data/assembly/tasks.h"
#include "data/recipe/recipe.h"

namespace cambium {
struct SettledCorpus {
  std::string folder;
  Manifest manifest;
};

// What `append:` names; none where the recipe has none. UserErrors at its place.
std::optional<SettledCorpus> settled_corpus(const Recipe& recipe, const std::string& folder);

// Adds its documents to `staged` as the last parts, of about 8 MB, kept in `work`. Goes on where an
// earlier call was ended.
void stage_settled(const SettledCorpus& settled, const std::string& work, const Workers& workers,
                   StagedDrafts& staged);

// Puts its shards into `folder`: the same files where the disk can link them, else copies.
// UserError for one that is not as it was written.
void take_over_shards(const SettledCorpus& settled, const std::string& folder,
                      const Workers& workers);

// What a manifest says of the versions before it: those of `settled` and itself, without shards.
Json history_of(const Manifest& settled);
}  // namespace cambium
