// cambium report: a study as one HTML page, finished or not.
#include "viz/report/report.h"

#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/text/json.h"

namespace cambium::command_report {
namespace {
struct Options {
  std::string folder, output;
};

int report(const Options& options, Context& context) {
  if (!file_exists(options.folder + "/study.json"))
    throw UserError(str("'", options.folder, "' holds no study: there is no study.json"),
                    folder_suggestion(options.folder, "study.json", "cambium compare makes one"));
  const StudyFolder study = read_study_folder(options.folder);
  const std::string page = html_report(study, model_pictures(study));
  const std::string open = unfinished_text(study);
  const std::string path =
      options.output.empty() ? options.folder + "/report.html" : options.output;
  require(path.ends_with(".html"), "'", path, "' must end in .html");
  replace_file(path, page);
  context.answer({{"report", path}, {"bytes", page.size()}, {"finished", open.empty()}},
                 str(path, "\n"));
  if (!open.empty()) context.terminal.note(open);
  return kExitOk;
}
}  // namespace

extern const Command command_report = {
    .name = "report",
    .doc = "write a study's results as one self-contained HTML page",
    .examples = {"cambium report studies/quickstart",
                 "cambium report studies/quickstart -o study.html"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("STUDY_DIR", o->folder, "the folder that compare wrote");
      line.text("-o,--output", o->output, "FILE", "the page; STUDY_DIR/report.html unless told");
      return [o](Context& context) { return report(*o, context); };
    },
};
}  // namespace cambium::command_report
