// Records: what an audit remembers of each document, and of all together.
#pragma once
#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/audit/intake.h"
#include "data/curation/support/step.h"

namespace cambium {
inline constexpr size_t kRuleSets = 4;

// The rule sets that are tried on every text, with their published constants.
extern const std::array<std::string_view, kRuleSets> kRuleSetNames;

struct DocumentRecord {
  uint64_t hash = 0;                           // of its text
  int64_t bytes = 0, words = 0, folded = 0;    // words as rules split them; as FoldedWords does
  uint32_t task = 0;                           // of the intake
  uint16_t language = 0;                       // index in Records::languages
  std::array<uint8_t, kRuleSets> broken = {};  // 0: kept, else 1 + index in Records::rules of it
  double bits = -1;                            // of the text under the model; < 0: not asked
};

// One key of the documents' meta: a value for each record, by index.
struct MetaColumn {
  static constexpr uint16_t kNone = 0xFFFF, kOther = 0xFFFE;  // missing; of too many values

  std::vector<std::string> values;
  std::vector<uint16_t> of;  // as long as the records
};

struct Records {
  std::vector<DocumentRecord> documents;  // of tasks in their order
  std::vector<size_t> begins;             // of each task, and the end
  std::vector<std::string> languages;
  std::array<std::vector<std::string>, kRuleSets> rules;
  std::map<std::string, MetaColumn> meta;
  std::unordered_map<std::string, int64_t> words;  // folded, and how often they come
  int64_t passed_over = 0;                         // different words that were forgotten as rare
  int64_t bad = 0;                                 // documents that cannot be read
  StagedDrafts staged;                             // the texts that were drawn, a part for a task
};

struct RecordOptions {
  size_t most_words = 2'000'000;  // different ones that are held
};

// A document's values by their keys: texts, and numbers and truths as JSON writes them.
using DocumentMeta = std::map<std::string, std::string>;

// Of an object of JSON, or of the object under "meta" in one; lists and objects in it are left out.
DocumentMeta meta_of(const std::string& json, bool packed);

// Adds those of documents from the index `before` on.
void add_meta(Records& records, const std::vector<DocumentMeta>& meta, size_t before);

// Where a name stands, at the end where it was not there.
uint16_t place_in(std::vector<std::string>& names, std::string_view name);

// "unknown" where none is found.
std::string language_name(std::string_view text);

// Reads all that is drawn, and keeps the texts in `folder`. The same for any number of workers.
Records read_records(const AuditIntake& intake, const std::string& folder, const Workers& workers,
                     const RecordOptions& options = {});
}  // namespace cambium
