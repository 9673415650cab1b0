// Inputs: the files that a recipe's sources name.
#pragma once
#include "data/assembly/manifest.h"
#include "data/recipe/recipe.h"

namespace cambium {
// A source's files as they are now. Where two listings are equal, nothing has changed.
struct SourceFiles {
  struct File {
    std::string path;
    int64_t bytes = 0, modified = 0;  // nanoseconds of the system's clock
  };

  std::shared_ptr<const CorpusFiles> list;
  std::vector<File> files;
};

// Of all sources in their order. What comes by standard input is kept in `work`, once. UserErrors
// at the sources' places for files that are not there.
std::vector<SourceFiles> list_sources(const Recipe& recipe, const std::string& work);

// What tells two listings apart.
Json inputs_json(const std::vector<SourceFiles>& sources);
}  // namespace cambium
