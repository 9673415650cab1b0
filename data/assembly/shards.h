// Shards: the drafts that are left as the files of a corpus, lines of JSON packed by Zstandard.
#pragma once
#include "data/assembly/manifest.h"
#include "data/assembly/tasks.h"
#include "data/recipe/recipe.h"

namespace cambium {
// Which split a cluster falls to: a function of its key and the shares alone; kTrainCluster to
// training.
Split split_of(uint64_t cluster, const RecipeSplit& split);

// Writes <folder>/<split>/<source>-<number>.jsonl.zst (of a later version <source>+v2-<number>,
// which no source is called) of all but settled parts; what no JSON can hold (no UTF-8) is dropped
// and counted. Goes on where an earlier call was ended.
std::vector<CorpusShard> write_shards(const Recipe& recipe, const StagedDrafts& staged,
                                      const std::string& folder, const std::string& work,
                                      const Workers& workers, Tally& tally, int64_t version = 1);
}  // namespace cambium
