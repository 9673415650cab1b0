// Symbol counts: how many symbols of a vocabulary a corpus holds.
#pragma once
#include <map>

#include "data/assembly/manifest.h"
#include "data/corpus/vocabulary.h"

namespace cambium {
struct SymbolCounts {
  std::map<std::string, int64_t> train;    // by source
  std::map<std::string, int64_t> windows;  // the same as windows_apart() of each document
  int64_t documents = 0;
  int64_t longest = 0;  // bytes of a document's text and of its symbols, at most
};

// Of bytes the manifest says it. Else all training shards are read once, and what they hold is kept
// in <folder>/counts, where that can be written.
// `apart`: a context whose windows are counted too, for which bytes are read as well; 0: none.
SymbolCounts count_symbols(const std::string& folder, const Manifest& manifest,
                           const Vocabulary& vocabulary, int64_t apart = 0);
}  // namespace cambium
