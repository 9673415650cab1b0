// cambium report: a study, a search or a scaling law as one HTML page, finished or not.
#include "app/command.h"
#include "app/result_pages.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "search/records/scale_record.h"
#include "search/records/search_record.h"

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

int report(const Options& options, Context& context) {
  const std::string path =
      options.output.empty() ? options.folder + "/report.html" : options.output;
  require(path.ends_with(".html"), "'", path, "' must end in .html");
  if (file_exists(options.folder + "/study.json")) return report_study(options, path, context);
  const bool search = is_search_folder(options.folder);
  if (!search && !is_scale_folder(options.folder))
    throw UserError(str("'", options.folder, "' holds no study: there is no study.json"),
                    folder_suggestion(options.folder, "study.json",
                                      "cambium compare, search and scale -o make one"));
  const WrittenPage page =
      search ? write_search_page(options.folder, path) : write_scale_page(options.folder, path);
  context.answer({{"report", page.path}, {"bytes", page.bytes}, {"finished", true}},
                 str(page.path, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_report = {
    .name = "report",
    .doc =
        "write the results of a study, a search or a scaling law as one self-contained HTML page",
    .examples = {"cambium report studies/quickstart",
                 "cambium report studies/quickstart -o study.html"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("STUDY_DIR", o->folder, "the folder that compare, search or scale wrote");
      line.text("-o,--output", o->output, "FILE", "the page; STUDY_DIR/report.html unless told");
      return [o](Context& context) { return report(*o, context); };
    },
};
}  // namespace cambium::command_report
