// cambium data audit: what a corpus is made of, slice by slice.
#include <filesystem>

#include "app/audited_runs.h"
#include "app/comma_list.h"
#include "app/command.h"
#include "app/run.h"
#include "app/tables/data/audit_table.h"
#include "app/tables/data/slice_scores_table.h"
#include "app/tables/data/workers_view.h"
#include "app/tables/train_view.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "core/yaml/quantity.h"
#include "viz/audit/audit_page.h"
#include "viz/audit/runs_part.h"

namespace cambium::command_data_audit {
namespace {
struct Options {
  std::string what, by, sample = "64M", terms, about, progress = "auto";
  std::vector<std::string> outputs, runs;
  std::string split = "test";
  int64_t passage = kTermPassage, jobs = 0;
  bool no_near = false;
};

// A folder for what is drawn, which goes when the audit ends, however it does.
class WorkFolder {
 public:
  WorkFolder() {
    std::string name = std::filesystem::temp_directory_path() / "cambium-audit-XXXXXX";
    if (!::mkdtemp(name.data())) fail_with_errno("make a folder", name);
    path_ = name;
  }

  ~WorkFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

int64_t bytes_of(const std::string& text) {
  const double n = quantity({.kind = Yaml::kScalar, .text = text}, {}, "--sample");
  require(n >= 0 && n <= 1e15, "--sample is a number of bytes from 0 on, got ", text);
  return int64_t(n);
}

Audit make_audit(const Options& o, const AuditOptions& options, const Workers& workers,
                 const Context& context) {
  const bool folder = std::filesystem::is_directory(o.what);
  if (!folder && !file_exists(o.what))
    throw UserError(str("'", o.what, "' is neither a folder nor a file"),
                    "name the folder of a corpus, or a recipe");
  const AuditIntake intake =
      folder ? intake_of_corpus(o.what, options.sample, workers)
             : intake_of_recipe(load_recipe(o.what, context.set), options.sample);
  const WorkFolder work;
  return audit(intake, options, work.path(), workers);
}

int run_audit(const Options& o, Context& context) {
  AuditOptions options{.by = comma_list(o.by), .sample = bytes_of(o.sample), .near = !o.no_near};
  options.terms = read_terms(o.terms, o.about);
  options.passage = o.passage;
  for (const std::string& path : o.outputs)
    if (!path.ends_with(".html") && !path.ends_with(".json"))
      throw UserError(str("'", path, "' must end in .html or .json"),
                      "-o audit.html -o audit.json");
  if (!o.runs.empty() && !std::filesystem::is_directory(o.what))
    throw UserError("runs are asked of the held-out documents of a corpus, and a recipe has none",
                    "build the corpus and name its folder");
  const CancelScope stops;
  Audit found;
  AuditedRuns runs;
  try {
    found = make_audit(o, options, workers_of(o.jobs, o.progress, context.terminal), context);
    runs = audit_runs(o.runs, o.what, o.split, options.by, context.terminal, cancel_requested);
  } catch (const Stopped&) {
    context.terminal.end_status();
    context.terminal.note("stopped; nothing was written");
    return kExitInterrupted;
  }
  context.terminal.end_status();
  Json json = found.json();
  std::vector<std::string> sentences = run_findings(runs.runs);
  for (const std::string& s : audit_findings(found)) sentences.push_back(s);
  json["findings"] = sentences;
  if (!runs.runs.empty()) json["runs"] = runs.json();
  std::string text = audit_text(found, sentences);
  for (const ScoredRun& r : runs.runs) {
    text += str("\n", r.name, " on the ", o.split, " documents", scores_table(r.scores));
    if (!r.more.empty())
      text += str("\n", r.name, " against ", runs.runs[0].name, differences_table(r.more));
  }
  for (const std::string& path : o.outputs) {
    replace_file(path, path.ends_with(".html")
                           ? audit_page(found, context.command, runs.runs, o.split)
                           : to_text(json, 1) + "\n");
    text += path + "\n";
  }
  context.answer(json, text);
  return kExitOk;
}
}  // namespace

extern const Command command_data_audit = {
    .name = "data audit",
    .doc =
        "what a corpus is made of by source, language, length and what else is known: balance, "
        "duplicates, words, bits a byte, and what rules would drop of each part",
    .examples =
        {"cambium data audit corpora/text -o audit.html",
         "cambium data audit corpora/text --by source,year -o audit.html -o audit.json",
         "cambium data audit corpora/text --terms he/him,she/her --about doctor,nurse",
         "cambium data audit corpora/raw --run runs/raw-s0 --run runs/clean-s0 -o audit.html",
         "cambium data audit recipe.yaml --sample 10M   # before it is built"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("WHAT", o->what, "the folder of a corpus, or a recipe");
      line.list("-o,--output", o->outputs, "FILE",
                "a page (.html), or all numbers (.json); may be given twice");
      line.text("--by", o->by, "KEYS",
                "source, split, language, length, or keys of the documents' meta, with commas; all "
                "that have 2 to 24 values unless told");
      line.text("--sample", o->sample, "BYTES",
                "of each source's texts that are looked at, drawn by a hash; 64M unless told, 0: "
                "all");
      line.text(
          "--terms", o->terms, "WORDS",
          "groups of words, he/him,she/her or men: he/him, or a file.yaml of terms and about");
      line.text("--about", o->about, "WORDS", "what they are to stand near, doctor,nurse/carer");
      line.whole("--passage", o->passage, 2, "words of a text within which words are near; 50");
      line.flag("--no-near", o->no_near, "look for equal texts alone, not for near duplicates");
      line.list("--run", o->runs, "RUN",
                "a run that is asked of the corpus's held-out documents, by slice; given again, "
                "others are compared with the first");
      line.choice("--split", o->split, {"test", "val"}, "which documents runs are asked of");
      line.whole("--jobs", o->jobs, 1, "parts side by side; one a core unless told");
      declare_progress(line, o->progress);
      return [o](Context& context) { return run_audit(*o, context); };
    },
};
}  // namespace cambium::command_data_audit
