#include "data/assembly/versions/settled.h"

#include <filesystem>

#include "core/xxhash.h"
#include "data/assembly/contents.h"
#include "data/assembly/sidecar.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kSettledBytes = int64_t(8) << 20;  // of a part's texts, about

int64_t parts_of(const CorpusShard& s) {
  return std::clamp<int64_t>((s.text_bytes + kSettledBytes - 1) / kSettledBytes, 1,
                             std::max<int64_t>(1, s.documents));
}

std::string part_path(const std::string& folder, int64_t shard, int64_t part) {
  return str(folder, "/s", shard, "-", part);
}

// The shard's documents as so many parts of equally many.
void write_parts(const SettledCorpus& settled, int64_t shard, const std::string& folder) {
  const CorpusShard& s = settled.manifest.shards[size_t(shard)];
  const int64_t n = parts_of(s);
  const auto documents = open_shard(settled.folder, s);
  Json sizes = Json::array();
  int64_t index = 0;
  Document d;
  for (int64_t part = 0; part < n; ++part) {
    PartWriter out(part_path(folder, shard, part));
    const int64_t first = index, end = (part + 1) * s.documents / n;
    int64_t bytes = 0;
    for (; index < end && documents->next(d); ++index) {
      Draft draft{.id = d.id, .text = std::string(d.text)};
      draft.key = draft.cluster = content_hash(draft.text);
      bytes += int64_t(draft.text.size());
      out.add(draft);
    }
    out.commit();
    sizes.push_back({index - first, bytes});
  }
  write_sidecar(str(folder, "/s", shard), sizes);
}

bool is_copy(const std::string& path, const CorpusShard& s) {
  if (!file_exists(path)) return false;
  const FileSum sum = checksum_of_file(path);
  return sum.bytes == s.bytes && sum.checksum == s.hash;
}
}  // namespace

std::optional<SettledCorpus> settled_corpus(const Recipe& recipe, const std::string& folder) {
  if (recipe.append.empty()) return std::nullopt;
  std::error_code ignored;
  if (fs::weakly_canonical(recipe.append, ignored) == fs::weakly_canonical(folder, ignored))
    throw UserError(
        "a version stands in a folder of its own, so that what was trained on the one "
        "before finds it as it was",
        "name another folder with -o; shards that both hold take their space once",
        recipe.append_mark);
  try {
    return SettledCorpus{recipe.append, load_manifest(recipe.append)};
  } catch (UserError& e) {
    if (!e.mark.known()) e.mark = recipe.append_mark;
    throw;
  }
}

void stage_settled(const SettledCorpus& settled, const std::string& work, const Workers& workers,
                   StagedDrafts& staged) {
  const std::string folder = work + "/settled";
  make_folders(folder);
  const std::vector<CorpusShard>& shards = settled.manifest.shards;
  run_tasks(
      workers, "reading the version before", int64_t(shards.size()),
      [&](int64_t i) { return read_sidecar(str(folder, "/s", i)).has_value(); },
      [&](int64_t i) { write_parts(settled, i, folder); });
  const auto source = int64_t(staged.sources.size());
  staged.sources.push_back(str("version ", settled.manifest.version));
  for (size_t i = 0; i < shards.size(); ++i) {
    const Json sizes = read_sidecar(str(folder, "/s", i)).value();
    for (size_t k = 0; k < sizes.size(); ++k) {
      staged.parts.push_back({.path = part_path(folder, int64_t(i), int64_t(k)),
                              .source = source,
                              .documents = sizes[k][0].get<int64_t>(),
                              .bytes = sizes[k][1].get<int64_t>(),
                              .held_out = shards[i].split != Split::kTrain});
      ++staged.settled;
    }
  }
}

void take_over_shards(const SettledCorpus& settled, const std::string& folder,
                      const Workers& workers) {
  const std::vector<CorpusShard>& shards = settled.manifest.shards;
  for (const CorpusShard& s : shards)
    make_folders(fs::path(str(folder, "/", s.file)).parent_path().string());
  run_tasks(
      workers, "taking over shards", int64_t(shards.size()), [](int64_t) { return false; },
      [&](int64_t i) {
        const CorpusShard& s = shards[size_t(i)];
        const std::string from = str(settled.folder, "/", s.file), to = str(folder, "/", s.file);
        if (is_copy(to, s)) return;
        if (!is_copy(from, s))
          throw UserError(str(from, " is not as it was written"),
                          str("see what `cambium data check ", settled.folder, "` says"));
        std::error_code error;
        fs::remove(to, error);
        fs::create_hard_link(from, to, error);
        if (!error) return;
        const std::string part = to + ".part";  // another disk
        fs::copy_file(from, part, fs::copy_options::overwrite_existing, error);
        if (!error) fs::rename(part, to, error);
        if (error)
          throw RuntimeError(str("cannot copy '", from, "' to '", to, "': ", error.message()),
                             "make room; the same command then goes on");
      });
}

Json history_of(const Manifest& settled) {
  Json history = settled.history.is_array() ? settled.history : Json::array();
  Json last = settled.json();
  last.erase("history");
  last.erase("shards");
  last.erase("format");
  history.push_back(std::move(last));
  return history;
}
}  // namespace cambium
