#include "data/assembly/shards.h"

#include <cmath>

#include "core/hash.h"
#include "core/rng.h"
#include "core/text/utf8.h"
#include "data/assembly/sidecar.h"

namespace cambium {
namespace {
constexpr size_t kShardFrame = 1 << 20;  // bytes of lines that are packed together

// Some parts of a source, of which one split's drafts make a shard.
struct ShardTask {
  Split split;
  int64_t source = 0, number = 0;
  size_t first = 0, last = 0;  // parts
};

double share_of(Split split, const RecipeSplit& shares) {
  if (split == Split::kTrain) return 1 - shares.val - shares.test;
  return split == Split::kValidation ? shares.val : shares.test;
}

// As many parts as make a shard of the wished size, one at least.
std::vector<ShardTask> tasks_of(const Recipe& recipe, const StagedDrafts& staged) {
  std::vector<ShardTask> tasks;
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    const double share = share_of(split, recipe.split);
    if (share <= 0) continue;
    const std::span parts(staged.parts.data(), size_t(staged.own()));
    for (size_t first = 0; first < parts.size();) {
      ShardTask task{split, parts[first].source, 0, first, first};
      if (!tasks.empty() && tasks.back().split == split && tasks.back().source == task.source)
        task.number = tasks.back().number + 1;
      double bytes = 0;
      while (task.last < parts.size() && parts[task.last].source == task.source &&
             (task.last == first ||
              bytes + double(parts[task.last].bytes) * share <= double(recipe.shards.size)))
        bytes += double(parts[task.last++].bytes) * share;
      first = task.last;
      tasks.push_back(task);
    }
  }
  return tasks;
}

std::string five_digits(int64_t n) {
  std::string digits = str(n);
  return std::string(5 - std::min<size_t>(5, digits.size()), '0') + digits;
}

std::string line_of(const Draft& d) {
  Json line = {{"id", d.id}, {"text", d.text}};
  if (!d.meta.empty()) line["meta"] = Json::parse(d.meta);
  return to_text(line) + "\n";
}

class ShardFile {
 public:
  ShardFile(const std::string& path, int64_t level) : file_(path), packer_(int(level)) {}

  void add(const Draft& d) {
    lines_ += line_of(d);
    if (lines_.size() >= kShardFrame) flush();
  }

  void commit() {
    flush();
    file_.commit();
  }

 private:
  void flush() {
    if (!lines_.empty()) file_.write(packer_.pack(lines_));
    lines_.clear();
  }

  NewFile file_;
  Packer packer_;
  std::string lines_;
};

void write_shard(const Recipe& recipe, const StagedDrafts& staged, const ShardTask& task,
                 const std::string& folder, const std::string& name, const std::string& sidecar) {
  Tally tally;
  int64_t documents = 0, bytes = 0, longest = 0;
  std::optional<ShardFile> out;
  for (size_t part = task.first; part < task.last; ++part) {
    PartReader in(staged.parts[part].path);
    for (Draft d; in.next(d);) {
      const bool by_cluster = recipe.split.by == "cluster" || d.cluster == kTrainCluster;
      const uint64_t cluster = by_cluster ? d.cluster : d.key;
      if (split_of(cluster, recipe.split) != task.split) continue;
      tally.documents += 1;
      tally.bytes += int64_t(d.text.size());
      if (first_invalid_utf8(d.text) >= 0) {
        tally.drop("not_utf8", d);
        continue;
      }
      if (!out) out.emplace(str(folder, "/", name), recipe.shards.level);
      out->add(d);
      ++documents;
      bytes += int64_t(d.text.size());
      longest = std::max(longest, int64_t(d.text.size()));
    }
  }
  tally.kept = documents;
  tally.kept_bytes = bytes;
  FileSum sum{0, 0};
  if (out) {
    out->commit();
    sum = checksum_of_file(str(folder, "/", name));
  }
  write_sidecar(sidecar, {{"documents", documents},
                          {"text_bytes", bytes},
                          {"longest", longest},
                          {"bytes", sum.bytes},
                          {"hash", sum.checksum},
                          {"tally", tally.json()}});
}
}  // namespace

Split split_of(uint64_t cluster, const RecipeSplit& split) {
  if (cluster == kTrainCluster) return Split::kTrain;
  const double u = Random(cluster, stream_of("corpus.split")).uniform();
  if (u < split.val) return Split::kValidation;
  return u < split.val + split.test ? Split::kTest : Split::kTrain;
}

std::vector<CorpusShard> write_shards(const Recipe& recipe, const StagedDrafts& staged,
                                      const std::string& folder, const std::string& work,
                                      const Workers& workers, Tally& tally, int64_t version) {
  make_folders(work + "/shards");
  for (const Split s : {Split::kTrain, Split::kValidation, Split::kTest})
    make_folders(str(folder, "/", split_name(s)));
  const std::vector<ShardTask> tasks = tasks_of(recipe, staged);
  const auto name = [&](const ShardTask& t) {
    return str(split_name(t.split), "/", staged.sources[size_t(t.source)],
               version > 1 ? str("+v", version) : "", "-", five_digits(t.number), ".jsonl.zst");
  };
  const auto sidecar = [&](int64_t i) { return str(work, "/shards/", i); };
  run_tasks(
      workers, "writing", int64_t(tasks.size()),
      [&](int64_t i) { return read_sidecar(sidecar(i)).has_value(); },
      [&](int64_t i) {
        const ShardTask& task = tasks[size_t(i)];
        write_shard(recipe, staged, task, folder, name(task), sidecar(i));
      });
  std::vector<CorpusShard> shards;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const Json done = read_sidecar(sidecar(int64_t(i))).value();
    const JsonItem item(done, work);
    tally.add(Tally::from(item.item("tally")));
    if (item.whole("documents") == 0) continue;
    shards.push_back({name(tasks[i]), staged.sources[size_t(tasks[i].source)], tasks[i].split,
                      item.whole("documents"), item.whole("text_bytes"), item.whole("longest"),
                      item.whole("bytes"), done["hash"].get<uint64_t>(), version});
  }
  return shards;
}
}  // namespace cambium
