// Verification of a finished corpus.
#pragma once
#include "data/assembly/manifest.h"
#include "data/assembly/tasks.h"

namespace cambium {
// Compares every shard with what the manifest says. UserErrors that name those that are missing,
// longer, shorter or changed.
Manifest verify_corpus(const std::string& folder, const Workers& workers);
}  // namespace cambium
