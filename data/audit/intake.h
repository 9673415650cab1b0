// Intake: where an audit's documents come from, and which of them it looks at.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/assembly/manifest.h"
#include "data/assembly/tasks.h"
#include "data/corpus/document.h"
#include "data/recipe/recipe.h"

namespace cambium {
// Documents of one source, and of one split where there are splits.
struct IntakeTask {
  size_t source = 0;  // index in AuditIntake::sources
  Split split = Split::kTrain;
  double share = 1;  // of its documents that are drawn
  std::function<std::unique_ptr<DocumentSource>()> open;
  int64_t longest = 0;  // bytes of a document; 0: known to be right
  bool skip_bad = false;
};

struct AuditIntake {
  std::string name;  // what was named
  std::vector<std::string> sources;
  std::vector<IntakeTask> tasks;  // those of one source stand together
  bool splits = false;            // is a corpus
  Manifest manifest;              // empty where it is none
  bool packed_meta = false;       // a document's meta stands under "meta" in it
};

// What a corpus holds, once its shards are as they were written. `sample`: bytes of a source's
// texts that are looked at, about; 0: all. UserErrors of verify_corpus.
AuditIntake intake_of_corpus(const std::string& folder, int64_t sample, const Workers& workers);

// What a recipe would begin with. Of packed files it is guessed that they become four times as
// large. UserError for standard input.
AuditIntake intake_of_recipe(const Recipe& recipe, int64_t sample);

// Whether a text is drawn: the same for equal texts, whatever else there is.
bool is_drawn(uint64_t text_hash, double share);

// A uniform number of a text that says nothing about that of another purpose.
double draw_of(uint64_t text_hash, uint64_t purpose);

// Calls f(document) for each; counts those that are bad and may be passed over.
int64_t each_document_of(const IntakeTask& task, const std::function<bool()>& stop,
                         const std::function<void(Document&)>& f);
}  // namespace cambium
