// Reading: the files of a recipe's sources as runs of drafts, sorted by their keys, and those as
// parts.
#pragma once
#include "data/assembly/inputs.h"
#include "data/assembly/tasks.h"

namespace cambium {
inline constexpr int64_t kKeyRanges = 4096;  // that a run is cut into, of equal length

struct Runs {
  std::vector<std::vector<std::string>> of_source;  // files for ShuffleFiles, by source
  std::vector<CorpusInput> inputs;
  std::vector<Tally> tallies;  // by source
};

// Reads all documents, many files side by side. Goes on where an earlier call with the same recipe
// and files was ended, from the run that was not finished.
Runs read_runs(const Recipe& recipe, const std::vector<SourceFiles>& sources,
               const std::string& work, const Workers& workers);

// The runs as parts of about 8 MB, <folder>/p0 and so on: what is in which part, and in which
// order, the drafts' keys alone say.
StagedDrafts write_parts(const Recipe& recipe, const Runs& runs, const std::string& folder,
                         const Workers& workers);
}  // namespace cambium
