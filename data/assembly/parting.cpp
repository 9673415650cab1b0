// From runs to parts.
#include <algorithm>

#include "data/assembly/reading.h"
#include "data/assembly/shuffle.h"
#include "data/assembly/sidecar.h"

namespace cambium {
namespace {
constexpr int64_t kPartBytes = int64_t(8) << 20;

// One range of a source's keys.
struct Range {
  size_t source;
  int64_t first, last;  // of kKeyRanges
};

std::vector<Range> ranges_of(const Runs& runs) {
  std::vector<Range> ranges;
  for (size_t s = 0; s < runs.tallies.size(); ++s) {
    const int64_t bytes = runs.tallies[s].kept_bytes;
    const int64_t n = std::clamp<int64_t>((bytes + kPartBytes - 1) / kPartBytes, 1, kKeyRanges);
    for (int64_t i = 0; i < n; ++i)
      ranges.push_back({s, i * kKeyRanges / n, (i + 1) * kKeyRanges / n});
  }
  return ranges;
}

void write_part(const ShuffleFiles& runs, const Range& range, const std::string& path) {
  const Shuffled drafts(runs, range.first, range.last);
  PartWriter out(path);
  Draft draft;
  int64_t documents = 0, bytes = 0;
  for (std::string_view record : drafts.records()) {
    take_sortable(record);
    take_draft(record, draft);
    out.add(draft);
    ++documents;
    bytes += int64_t(draft.text.size());
  }
  out.commit();
  write_sidecar(path, {{"documents", documents}, {"bytes", bytes}});
}
}  // namespace

StagedDrafts write_parts(const Recipe& recipe, const Runs& runs, const std::string& folder,
                         const Workers& workers) {
  make_folders(folder);
  const std::vector<Range> ranges = ranges_of(runs);
  std::vector<ShuffleFiles> files;
  for (const auto& paths : runs.of_source) files.emplace_back(paths);
  const auto path = [&](int64_t i) { return str(folder, "/p", i); };
  run_tasks(
      workers, "sorting", int64_t(ranges.size()),
      [&](int64_t i) { return read_sidecar(path(i)).has_value(); },
      [&](int64_t i) {
        const Range& range = ranges[size_t(i)];
        write_part(files[range.source], range, path(i));
      });
  StagedDrafts staged;
  for (const RecipeSource& s : recipe.sources) staged.sources.push_back(s.name);
  for (size_t i = 0; i < ranges.size(); ++i) {
    const Json done = read_sidecar(path(int64_t(i))).value();
    const JsonItem item(done, folder);
    staged.parts.push_back({path(int64_t(i)), int64_t(ranges[i].source), item.whole("documents"),
                            item.whole("bytes")});
  }
  return staged;
}
}  // namespace cambium
