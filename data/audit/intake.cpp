#include "data/audit/intake.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/rng.h"
#include "data/assembly/inputs.h"
#include "data/assembly/verify.h"

namespace cambium {
namespace {
constexpr double kMostDocuments = 1'000'000;  // of a source: each is a record in memory

double share_of_source(double bytes, double documents, int64_t sample) {
  double share = 1;
  if (sample > 0 && bytes > 0) share = std::min(share, double(sample) / bytes);
  if (documents > 0) share = std::min(share, kMostDocuments / documents);
  return share;
}

int64_t unpacked_guess(const SourceFiles::File& file) {
  const bool packed = file.path.ends_with(".gz") || file.path.ends_with(".zst");
  return packed ? 4 * file.bytes : file.bytes;
}

// Files of a source that make a task.
void add_tasks(const RecipeSource& source, const SourceFiles& files, size_t index, double share,
               std::vector<IntakeTask>& to) {
  constexpr int64_t kTaskBytes = int64_t(16) << 20;
  for (size_t first = 0; first < files.files.size();) {
    int64_t bytes = 0;
    size_t end = first;
    while (end < files.files.size() && bytes < kTaskBytes) bytes += files.files[end++].bytes;
    const auto list = part_of(*files.list, first, end - first);
    const CorpusOptions options = source.corpus;
    to.push_back({.source = index,
                  .share = share,
                  .open = [options, list] { return open_corpus(options, list); },
                  .longest = options.longest,
                  .skip_bad = source.bad == "skip"});
    first = end;
  }
}
}  // namespace

AuditIntake intake_of_corpus(const std::string& folder, int64_t sample, const Workers& workers) {
  AuditIntake in{.name = folder, .splits = true, .packed_meta = true};
  in.manifest = verify_corpus(folder, workers);
  std::map<std::string, std::pair<double, double>> sizes;  // bytes and documents of a source
  for (const CorpusShard& s : in.manifest.shards) {
    if (std::ranges::count(in.sources, s.source) == 0) in.sources.push_back(s.source);
    sizes[s.source].first += double(s.text_bytes);
    sizes[s.source].second += double(s.documents);
  }
  for (size_t i = 0; i < in.sources.size(); ++i) {
    const auto [bytes, documents] = sizes[in.sources[i]];
    for (const CorpusShard& s : in.manifest.shards) {
      if (s.source != in.sources[i]) continue;
      const CorpusOptions options = {.path = str(folder, "/", s.file),
                                     .format = "jsonl",
                                     .id = "id",
                                     .meta = {{"meta", "meta"}}};
      in.tasks.push_back({.source = i,
                          .split = s.split,
                          .share = share_of_source(bytes, documents, sample),
                          .open = [options] { return open_corpus(options); }});
    }
  }
  return in;
}

AuditIntake intake_of_recipe(const Recipe& recipe, int64_t sample) {
  AuditIntake in{.name = recipe.file};
  for (const RecipeSource& s : recipe.sources)
    if (std::ranges::count(s.paths, "-") > 0)
      throw UserError("standard input can be read once, and an audit is no build",
                      "build the corpus and audit its folder", s.mark);
  const std::vector<SourceFiles> files = list_sources(recipe, "");
  for (size_t i = 0; i < files.size(); ++i) {
    in.sources.push_back(recipe.sources[i].name);
    double bytes = 0;
    for (const SourceFiles::File& f : files[i].files) bytes += double(unpacked_guess(f));
    add_tasks(recipe.sources[i], files[i], i, share_of_source(bytes, 0, sample), in.tasks);
  }
  return in;
}

bool is_drawn(uint64_t text_hash, double share) {
  return share >= 1 || double(text_hash >> 11) * 0x1p-53 < share;
}

double draw_of(uint64_t text_hash, uint64_t purpose) {
  return Random(text_hash, stream_of("audit"), purpose).uniform();
}

int64_t each_document_of(const IntakeTask& task, const std::function<bool()>& stop,
                         const std::function<void(Document&)>& f) {
  const auto documents = task.open();
  int64_t bad = 0, seen = 0;
  for (Document d;;) {
    if (stop && ++seen % 256 == 0 && stop()) throw Stopped();
    try {
      if (!documents->next(d)) return bad;
      if (task.longest > 0 && int64_t(d.text.size()) > task.longest)
        throw UserError(
            str(d.path, ": a document of ", d.text.size(), " bytes, more than ", task.longest),
            "set `longest` of the source, or bad: skip");
    } catch (const UserError&) {
      if (!task.skip_bad) throw;
      ++bad;
      continue;
    } catch (const RuntimeError&) {
      if (!task.skip_bad) throw;
      ++bad;
      documents->skip_file();
      continue;
    }
    f(d);
  }
}
}  // namespace cambium
