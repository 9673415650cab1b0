// cambium report: a study, a search or a scaling law as one HTML page, finished or not.
#include <algorithm>

#include "app/command.h"
#include "app/result_pages.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "search/mixtures/study/mix_record.h"
#include "search/records/scale_record.h"
#include "search/records/search_record.h"
#include "search/store/folder_content.h"
#include "search/store/trial_store.h"
#include "viz/tuning/tuning_page.h"

namespace cambium::command_report {
namespace {
struct Options {
  std::string folder, output;
};

int report_study(const Options& options, const std::string& path, Context& context) {
  const StudyFolder study = read_study_folder(options.folder);
  const WrittenPage page = write_study_page(study, path);
  const std::string open = unfinished_text(study);
  context.answer({{"report", page.path}, {"bytes", page.bytes}, {"finished", open.empty()}},
                 str(page.path, "\n"));
  if (!open.empty()) context.terminal.note(open);
  return kExitOk;
}

// Trials without results: chosen settings alone, or less.
int report_trials(const Options& options, const std::string& path, Context& context) {
  TrialStore store = TrialStore::view(options.folder);
  const std::optional<Tuning> tuning = read_tuning(options.folder);
  if (!tuning) {
    const auto ended =
        std::ranges::count_if(store.trials(), [](const Trial& t) { return has_ended(t.state); });
    throw UserError(str("'", options.folder, "' holds the study '", store.study().name,
                        "', which has no results yet: ", ended, " of its ", store.trials().size(),
                        " trials so far have ended"),
                    "the command that began it goes on, and writes a report in the end");
  }
  const std::string page = tuning_page(options.folder, *tuning);
  replace_file(path, page);
  context.answer({{"report", path}, {"bytes", page.size()}, {"finished", true}}, str(path, "\n"));
  return kExitOk;
}

int report(const Options& options, Context& context) {
  const std::string path =
      options.output.empty() ? options.folder + "/report.html" : options.output;
  require(path.ends_with(".html"), "'", path, "' must end in .html");
  if (file_exists(options.folder + "/study.json")) return report_study(options, path, context);
  const bool search = is_search_folder(options.folder), mixtures = is_mix_folder(options.folder);
  if (content_of(options.folder) == FolderContent::kBegun)
    return report_trials(options, path, context);
  if (!search && !mixtures && !is_scale_folder(options.folder))
    throw UserError(str("'", options.folder, "' holds no study: there is no study.json"),
                    folder_suggestion(options.folder, "study.json",
                                      "cambium compare, search, mix and scale -o make one"));
  const WrittenPage page = search     ? write_search_page(options.folder, path)
                           : mixtures ? write_mix_page(options.folder, path)
                                      : write_scale_page(options.folder, path);
  context.answer({{"report", page.path}, {"bytes", page.bytes}, {"finished", true}},
                 str(page.path, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_report = {
    .name = "report",
    .doc =
        "write the results of a study, a search, mixtures or a scaling law as one self-contained "
        "HTML page",
    .examples = {"cambium report studies/quickstart",
                 "cambium report studies/quickstart -o study.html"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("STUDY_DIR", o->folder, "the folder that compare, search, mix or scale wrote");
      line.text("-o,--output", o->output, "FILE", "the page; STUDY_DIR/report.html unless told");
      return [o](Context& context) { return report(*o, context); };
    },
};
}  // namespace cambium::command_report
