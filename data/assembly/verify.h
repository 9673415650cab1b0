// Verification of a finished corpus.
#pragma once
#include "data/assembly/manifest.h"
#include "data/assembly/tasks.h"

namespace cambium {
// Compares every shard with what the manifest says. UserErrors that name those that are missing,
// longer, shorter or changed.
Manifest verify_corpus(const std::string& folder, const Workers& workers);

// Whether every shard has the bytes that the manifest says, by its size alone. UserError for one
// that is missing or has other.
void require_shards(const std::string& folder, const Manifest& manifest);
}  // namespace cambium
