#include <algorithm>
#include <vector>

#include "core/xxhash.h"
#include "data/audit/folding.h"
#include "data/audit/ordered.h"
#include "data/audit/record.h"
#include "data/curation/support/words.h"

namespace cambium {
const std::array<std::string_view, kRuleSets> kRuleSetNames = {
    "gopher_quality", "gopher_repetition", "c4_quality", "fineweb_quality"};

namespace {
constexpr size_t kLongestWord = 64;

// What one task found.
struct TaskRecords {
  std::vector<DocumentRecord> documents;
  std::vector<std::string> languages;
  std::array<std::vector<std::string>, kRuleSets> rules;
  std::vector<DocumentMeta> meta;  // of each document
  std::unordered_map<std::string, int64_t> words;
  int64_t bad = 0, bytes = 0;
};

class DocumentTask {
 public:
  DocumentTask(const AuditIntake& intake, int64_t task) : intake_(intake), task_(task) {
    for (const std::string_view name : kRuleSetNames)
      for (const CurationKind* kind : builtin_steps())
        if (kind->name == name) {
          steps_.push_back(kind->open(kind->attrs.parse({}, nullptr), {}));
          judges_.push_back(steps_.back()->judge(0));
        }
    ensure(judges_.size() == kRuleSets, "rule sets are missing");
  }

  TaskRecords read(const std::string& path, const std::function<bool()>& stop) {
    PartWriter out(path);
    const IntakeTask& task = intake_.tasks[size_t(task_)];
    found_.bad = each_document_of(task, stop, [&](Document& d) {
      const uint64_t hash = content_hash(d.text);
      if (!is_drawn(hash, task.share)) return;
      Draft draft{.key = hash, .cluster = hash, .id = d.id, .text = std::string(d.text)};
      found_.meta.push_back(meta_of(d.meta, intake_.packed_meta));
      look(draft);
      out.add(draft);
    });
    out.commit();
    return std::move(found_);
  }

 private:
  void look(const Draft& draft) {
    DocumentRecord r{.hash = draft.key, .bytes = int64_t(draft.text.size())};
    r.task = uint32_t(task_);
    split_words(draft.text, split_);
    r.words = int64_t(split_.size());
    folded_.fold(draft.text);
    r.folded = int64_t(folded_.words().size());
    for (const std::string_view w : folded_.words())
      if (w.size() <= kLongestWord) ++found_.words[std::string(w)];
    r.language = place_in(found_.languages, language_name(draft.text));
    for (size_t i = 0; i < kRuleSets; ++i) r.broken[i] = broken_by(draft, i);
    found_.bytes += r.bytes;
    found_.documents.push_back(r);
  }

  uint8_t broken_by(const Draft& draft, size_t set) {
    Draft copy = draft;
    Tally tally;
    if (judges_[set]->keep(copy, tally)) return 0;
    for (const auto& [name, rule] : tally.rules)
      if (rule.dropped > 0) return uint8_t(1 + place_in(found_.rules[set], name));
    return uint8_t(1 + place_in(found_.rules[set], "dropped"));
  }

  const AuditIntake& intake_;
  int64_t task_;
  std::vector<std::unique_ptr<CurationStep>> steps_;
  std::vector<std::unique_ptr<Judge>> judges_;
  std::vector<std::string_view> split_;
  FoldedWords folded_;
  TaskRecords found_;
};

// Forgets words that came least, until half as many may be held.
void forget_rare(Records& all, size_t most) {
  if (all.words.size() <= most) return;
  for (int64_t least = 1; all.words.size() > most / 2; ++least)
    all.passed_over +=
        int64_t(std::erase_if(all.words, [&](const auto& entry) { return entry.second <= least; }));
}

void take_task(Records& all, TaskRecords found, const RecordOptions& options) {
  const size_t before = all.documents.size();
  add_meta(all, found.meta, before);
  for (DocumentRecord r : found.documents) {
    r.language = place_in(all.languages, found.languages[r.language]);
    for (size_t i = 0; i < kRuleSets; ++i)
      if (r.broken[i] > 0)
        r.broken[i] = uint8_t(1 + place_in(all.rules[i], found.rules[i][r.broken[i] - 1]));
    all.documents.push_back(r);
  }
  for (const auto& [word, n] : found.words) all.words[word] += n;
  forget_rare(all, options.most_words);
  all.bad += found.bad;
}
}  // namespace

Records read_records(const AuditIntake& intake, const std::string& folder, const Workers& workers,
                     const RecordOptions& options) {
  Records all;
  all.staged.sources = intake.sources;
  const auto path = [&](size_t i) { return str(folder, "/t", i); };
  Ordered<TaskRecords, std::function<void(TaskRecords)>> order([&](TaskRecords found) {
    const size_t task = all.begins.size();
    all.begins.push_back(all.documents.size());
    all.staged.parts.push_back({path(task), int64_t(intake.tasks[task].source),
                                int64_t(found.documents.size()), found.bytes});
    take_task(all, std::move(found), options);
  });
  run_tasks(
      workers, "reading", int64_t(intake.tasks.size()), [](int64_t) { return false; },
      [&](int64_t i) {
        order.add(i, DocumentTask(intake, i).read(path(size_t(i)), workers.stop));
      });
  all.begins.push_back(all.documents.size());
  for (auto& [key, column] : all.meta) column.of.resize(all.documents.size(), MetaColumn::kNone);
  return all;
}
}  // namespace cambium
