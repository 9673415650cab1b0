#include "data/assembly/reading.h"

#include "core/hash.h"
#include "core/xxhash.h"
#include "data/assembly/shuffle.h"
#include "data/assembly/sidecar.h"

namespace cambium {
namespace {
constexpr int64_t kRunBytes = int64_t(32) << 20;   // of drafts that are sorted together
constexpr int64_t kTaskBytes = int64_t(64) << 20;  // of files that one task reads, at least

// Some files of one source, read one after the other into runs.
struct ReadTask {
  size_t source, first, count;
};

std::vector<ReadTask> tasks_of(const std::vector<SourceFiles>& sources) {
  std::vector<ReadTask> tasks;
  for (size_t s = 0; s < sources.size(); ++s) {
    const auto& files = sources[s].files;
    for (size_t first = 0; first < files.size();) {
      int64_t bytes = 0;
      size_t end = first;
      while (end < files.size() && bytes < kTaskBytes) bytes += files[end++].bytes;
      tasks.push_back({s, first, end - first});
      first = end;
    }
  }
  return tasks;
}

class TaskReader {
 public:
  TaskReader(const RecipeSource& source, std::shared_ptr<const CorpusFiles> files, std::string stem,
             const Workers& workers)
      : source_(source),
        stem_(std::move(stem)),
        workers_(workers),
        documents_(open_corpus(source.corpus, std::move(files))) {}

  // Writes the runs that are missing.
  void read() {
    bool last = false;
    for (int64_t run = 0; !last; ++run) {
      const std::string path = str(stem_, "-", run);
      if (const std::optional<Json> done = read_sidecar(path)) {
        const JsonItem item(*done, path);
        documents_->go_to(item.text("position"));
        last = item.yes("last");
        continue;
      }
      if (workers_.stop && workers_.stop()) throw Stopped();
      last = write_run(path);
    }
  }

 private:
  bool write_run(const std::string& path) {
    ShuffleWriter out(path, kKeyRanges);
    Tally tally;
    bool last = false;
    Draft draft;
    std::string record;
    while (!last && out.bytes() < kRunBytes) {
      last = !next(draft, tally);
      if (last) break;
      draft.key = draft.cluster = content_hash(draft.text);
      record.clear();
      append_sortable(record, draft.key);
      append_draft(record, draft);
      out.add(int64_t(draft.key / (UINT64_MAX / kKeyRanges + 1)), record);
      tally.kept += 1;
      tally.kept_bytes += int64_t(draft.text.size());
    }
    out.commit();
    write_sidecar(path,
                  {{"position", documents_->position()}, {"last", last}, {"tally", tally.json()}});
    return last;
  }

  // The next document that is one.
  bool next(Draft& into, Tally& tally) {
    for (;; ++tally.documents) try {
        Document d;
        if (!documents_->next(d)) return false;
        check_length(d);
        into = {.id = std::move(d.id), .meta = std::move(d.meta), .text = std::string(d.text)};
        tally.documents += 1;
        tally.bytes += int64_t(into.text.size());
        return true;
      } catch (const UserError& e) {
        bad(e, tally);
      } catch (const RuntimeError& e) {
        bad(e, tally);
        documents_->skip_file();
      }
  }

  void check_length(const Document& d) const {
    if (int64_t(d.text.size()) > source_.corpus.longest)
      throw UserError(str(d.path, d.line > 0 ? str(":", d.line) : "", ": a document of ",
                          d.text.size(), " bytes, more than ", source_.corpus.longest),
                      "cut it into lines or paragraphs, or set `longest` of the source");
  }

  // Ends, or counts it, as the recipe says.
  void bad(const Error& e, Tally& tally) const {
    if (source_.bad == "error")
      throw UserError(str("source '", source_.name, "': ", e.what()),
                      str(e.help, e.help.empty() ? "" : "; ", "`bad: skip` counts it and goes on"),
                      source_.mark);
    tally.drop("bad", {.key = content_hash(e.what()), .id = source_.name, .text = e.what()});
  }

  const RecipeSource& source_;
  std::string stem_;
  const Workers& workers_;
  std::unique_ptr<DocumentSource> documents_;
};

void sum_inputs(const SourceFiles& files, const ReadTask& task, const std::string& path) {
  if (read_sidecar(path)) return;
  Json sums = Json::array();
  for (size_t i = task.first; i < task.first + task.count; ++i) {
    const FileSum sum = checksum_of_file(files.files[i].path);
    sums.push_back({files.files[i].path, sum.bytes, sum.checksum});
  }
  write_sidecar(path, sums);
}

// Adds what a task that is done has left.
void collect(const std::string& stem, const std::string& source, size_t s, Runs& runs) {
  int64_t run = 0;
  for (bool last = false; !last; ++run) {
    const std::string path = str(stem, "-", run);
    const std::optional<Json> done = read_sidecar(path);
    ensure(done.has_value(), "the run ", path, " is missing");
    const JsonItem item(*done, path);
    runs.of_source[s].push_back(path);
    runs.tallies[s].add(Tally::from(item.item("tally")));
    last = item.yes("last");
  }
  const Json sums = read_sidecar(stem + "-inputs").value();
  for (const Json& sum : sums)
    runs.inputs.push_back(
        {source, sum[0].get<std::string>(), sum[1].get<int64_t>(), sum[2].get<uint64_t>()});
}
}  // namespace

Runs read_runs(const Recipe& recipe, const std::vector<SourceFiles>& sources,
               const std::string& work, const Workers& workers) {
  make_folders(work + "/read");
  const std::vector<ReadTask> tasks = tasks_of(sources);
  const auto stem = [&](int64_t i) { return str(work, "/read/t", i); };
  run_tasks(
      workers, "reading", int64_t(tasks.size()),
      [&](int64_t i) { return read_sidecar(stem(i) + "-inputs").has_value(); },
      [&](int64_t i) {
        const ReadTask& task = tasks[size_t(i)];
        const SourceFiles& files = sources[task.source];
        TaskReader(recipe.sources[task.source], part_of(*files.list, task.first, task.count),
                   stem(i), workers)
            .read();
        sum_inputs(files, task, stem(i) + "-inputs");
      });
  Runs runs;
  runs.of_source.resize(sources.size());
  runs.tallies.resize(sources.size());
  for (size_t i = 0; i < tasks.size(); ++i)
    collect(stem(int64_t(i)), recipe.sources[tasks[i].source].name, tasks[i].source, runs);
  return runs;
}
}  // namespace cambium
