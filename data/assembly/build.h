// Build: a recipe's corpus, in a folder. Killed at any instant it goes on from there when it is
// called again, and ends with the same bytes.
#pragma once
#include "data/assembly/manifest.h"
#include "data/assembly/tasks.h"
#include "data/recipe/recipe.h"

namespace cambium {
struct BuiltCorpus {
  Manifest manifest;
  bool was_there = false;   // finished by an earlier call
  bool began_anew = false;  // recipe or files have changed since an earlier call was ended
};

// UserError when the folder holds another corpus, or something else; RuntimeError for a disk that
// is full, after which the same call goes on; Stopped when workers.stop says so.
BuiltCorpus build_corpus(const Recipe& recipe, const std::string& folder, const Workers& workers);
}  // namespace cambium
