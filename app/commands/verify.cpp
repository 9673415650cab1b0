// cambium verify: trains published cells again and says whether the numbers come out.
#include "search/verify/verify.h"

#include "app/command.h"
#include "app/run.h"
#include "app/tables/study/trials_view.h"
#include "app/tables/table.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium::command_verify {
namespace {
struct Options {
  std::vector<std::string> names;
  std::string cells = "configs/verify", data, folder = "verify", progress = "auto";
  int64_t jobs = 0;
  bool full = false, list = false;
};

struct Row {
  VerifyCell cell;
  VerifyResult result;
};

// 81.50 % or 1.8800
std::string number_text(const VerifyNumbers& n, double value) {
  return is_share(n.metric) ? fixed(value, 2) + " %" : fixed(value, 4);
}

std::string tolerance_text(const VerifyNumbers& n) {
  const std::string_view sign = n.bound == "within" ? "+-" : n.bound == "at_least" ? "-" : "+";
  return str(sign, fmt::format("{:g}", n.tolerance));
}

std::string command_text(const VerifyCell& cell, const Options& o) {
  std::string out = str("cambium verify ", cell.name);
  if (o.full) out += " --full";
  if (!cell.data.empty()) out += " --data " + o.data;
  if (o.cells != Options().cells) out += " --cells " + o.cells;
  return out;
}

std::string_view verdict_text(const VerifyResult& r) {
  return r.stopped ? "stopped" : r.passed ? "pass" : "FAIL";
}

// What no one may copy without: whether it is the published protocol.
std::string verdict_cell(const Row& row) {
  const bool published = row.cell.numbers.protocol == "published";
  return str(verdict_text(row.result), published ? "" : ", protocol differs");
}

// What a verdict is worth: "pass: 81.60 % against the published 81.50 % +-1; not the published
// ...".
std::string verdict_sentence(const Row& row) {
  const VerifyNumbers& n = row.cell.numbers;
  std::string out(verdict_text(row.result));
  if (!row.result.stopped)
    out += str(": ", number_text(n, row.result.mean), " against the published ",
               number_text(n, n.published), " ", tolerance_text(n));
  if (const int64_t runs = runs_of_a_group(row.cell); runs > 1)
    out += str(", of ", runs, " runs a score the best by ", selection_metric(row.cell));
  if (n.epoch == "common")
    out += str(", at step ", row.result.common_step, ", which the same data chose for all runs");
  else if (n.metric.starts_with("val"))
    out += ", on the data that chose the epoch";
  return n.protocol == "published" ? out + "; by the published protocol"
                                   : str(out, "; not the published protocol: ", n.differs);
}

std::string ours_text(const Row& row) {
  if (row.result.stopped) return "-";
  std::string out = number_text(row.cell.numbers, row.result.mean);
  if (row.result.groups.size() > 1)
    out += str(" (sd ", fixed(row.result.deviation, is_share(row.cell.numbers.metric) ? 2 : 4),
               ", ", row.result.groups.size(), " scores)");
  return out;
}

std::string table_of(const std::vector<Row>& rows, const Options& o) {
  Table table({1, 2, 3, 5});
  table.row({"cell", "published", "ours", "tolerance", "verdict", "time", "command"});
  for (const Row& row : rows)
    table.row({row.cell.name, number_text(row.cell.numbers, row.cell.numbers.published),
               ours_text(row), tolerance_text(row.cell.numbers), verdict_cell(row),
               duration_text(row.result.seconds), command_text(row.cell, o)});
  std::string out = "\n" + table.text() + "\n";
  for (const Row& row : rows) {
    out += str(row.cell.name, ": ", visible(row.cell.numbers.title), "; ",
               visible(row.cell.numbers.source), "\n  ", visible(verdict_sentence(row)), "\n");
    if (!row.cell.numbers.note.empty()) out += str("  ", visible(row.cell.numbers.note), "\n");
  }
  return out;
}

Json json_of(const Row& row, const Options& o) {
  const VerifyNumbers& n = row.cell.numbers;
  return {{"cell", row.cell.name},
          {"title", n.title},
          {"source", n.source},
          {"note", n.note},
          {"differs", n.differs},
          {"protocol", n.protocol},
          {"metric", n.metric},
          {"selected_by", row.result.selection.empty() ? Json() : Json(selection_metric(row.cell))},
          {"published", n.published},
          {"ours", row.result.stopped ? Json(nullptr) : Json(row.result.mean)},
          {"deviation", row.result.deviation},
          {"scores", row.result.groups},
          {"tolerance", n.tolerance},
          {"bound", n.bound},
          {"verdict", verdict_text(row.result)},
          {"sentence", verdict_sentence(row)},
          {"seconds", row.result.seconds},
          {"command", command_text(row.cell, o)}};
}

int list_cells(const Options& o, Context& context) {
  Table table({2});
  Json json = Json::array();
  for (const std::string& name : verify_names(o.cells)) {
    const VerifyCell cell = load_verify(o.cells, name, o.full);
    const VerifyNumbers& n = cell.numbers;
    const int64_t points = plan_size(cell);
    table.row({name, visible(n.title), number_text(n, n.published), str(points, " runs"),
               cell.data.empty() ? "" : "--data"});
    json.push_back({{"cell", name},
                    {"title", n.title},
                    {"published", n.published},
                    {"metric", n.metric},
                    {"protocol", n.protocol},
                    {"differs", n.differs},
                    {"runs", points},
                    {"needs_data", !cell.data.empty()}});
  }
  context.answer(json, table.text());
  return kExitOk;
}

VerifyResult run_cell(const VerifyCell& cell, std::span<const VerifyRun> runs, const Options& o,
                      Context& context) {
  const VerifySettings settings{.folder = str(o.folder, "/", cell.name, o.full ? "-full" : ""),
                                .jobs = o.jobs,
                                .stop = cancel_requested};
  if (file_exists(settings.folder + "/study.db"))
    context.terminal.note(str("note    '", settings.folder,
                              "' holds runs of this cell; what is done "
                              "is not trained again, unless the folder is removed"));
  TrialsView view(
      context.terminal, progress_mode(o.progress, context.terminal),
      {.what = cell.name, .metric = cell.numbers.metric, .planned = int64_t(runs.size())});
  const CancelScope stops;
  VerifyResult result = run_verify(cell, runs, settings, view);
  view.finish();
  return result;
}

int verify(const Options& o, Context& context) {
  if (o.list) return list_cells(o, context);
  require(!o.names.empty(), "no cell is named; `cambium verify --list` shows them");
  std::vector<Row> rows;
  std::vector<std::vector<VerifyRun>> plans;  // all errors come before any training
  for (const std::string& name : o.names) {
    rows.push_back({load_verify(o.cells, name, o.full), {}});
    plans.push_back(plan_verify(rows.back().cell, o.data));
  }
  bool failed = false, stopped = false;
  for (size_t i = 0; i < rows.size() && !stopped; ++i) {
    rows[i].result = run_cell(rows[i].cell, plans[i], o, context);
    stopped = rows[i].result.stopped;
    failed = failed || !rows[i].result.passed;
    if (stopped) rows.resize(i + 1);
  }
  Json json = Json::array();
  for (const Row& row : rows) json.push_back(json_of(row, o));
  context.answer(json, table_of(rows, o));
  if (stopped) context.terminal.note("stopped; the same command goes on where this one ended");
  if (stopped) return kExitInterrupted;
  return failed ? kExitUser : kExitOk;
}
}  // namespace

extern const Command command_verify = {
    .name = "verify",
    .doc = "train published results again and say whether the numbers come out",
    .examples = {"cambium verify --list", "cambium verify mad-memorization mad-compression",
                 "cambium verify cora-gcn --data /data --full"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.words("NAME", o->names, "cells; exit code 1 when a verdict fails", false);
      line.flag("--list", o->list, "show the cells and how many runs each takes");
      line.flag("--full", o->full, "at the published size instead of a few minutes' worth");
      line.text("--data", o->data, "DIR", "where data that is not generated lies");
      line.text("--cells", o->cells, "DIR", "where the cells are; configs/verify unless told");
      line.text("-o,--output", o->folder, "DIR",
                "where runs go, a folder a cell; verify unless told");
      line.whole("--jobs", o->jobs, 1, "runs side by side; one a core unless told");
      declare_progress(line, o->progress);
      return [o](Context& context) { return verify(*o, context); };
    },
};
}  // namespace cambium::command_verify
