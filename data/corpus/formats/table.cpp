// A document is a row of a table: cells between commas, some in quotes (RFC 4180), or between tabs.
#include <algorithm>

#include "core/text/csv.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "data/corpus/formats.h"

namespace cambium {
namespace {
using Cells = std::vector<std::string>;

class Table final : public FileDocuments {
 public:
  Table(const CorpusFile& file, const CorpusOptions& options, LinePlace from)
      : file_(file), options_(options) {
    if (options.columns.empty()) {
      lines_.emplace(file.path, LinePlace{}, options.longest);
      Cells header;
      if (read_row(header)) take_columns(header);
      if (from.byte == 0) return;
    } else {
      take_columns(options.columns);
    }
    lines_.emplace(file.path, from, options.longest);
  }

  bool next(Document& into) override {
    Cells cells;
    if (!read_row(cells)) return false;
    if (cells.size() != count_)
      throw UserError(str(file_.path, ":", first_, ": ", cells.size(), " cells where ", count_,
                          " columns are named"),
                      "quote cells that hold the separator");
    text_ = std::move(cells[text_at_]);
    into = {id_at_ < 0 ? line_id(file_, first_) : cells[size_t(id_at_)], text_, file_.path, first_};
    if (!meta_at_.empty()) {
      Json meta = Json::object();
      for (const auto& [name, at] : meta_at_) meta[name] = cells[at];
      into.meta = to_text(meta);
    }
    return true;
  }

  LinePlace place() const override { return lines_->place(); }

 private:
  size_t column(const Cells& columns, const std::string& name) const {
    const auto at = std::ranges::find(columns, name);
    if (at == columns.end())
      throw UserError(str(file_.path, ": no column '", name, "' among ", join_names(columns)),
                      suggestion(name, columns));
    return size_t(at - columns.begin());
  }

  void take_columns(const Cells& columns) {
    count_ = columns.size();
    text_at_ = column(columns, options_.key);
    if (!options_.id.empty()) id_at_ = int64_t(column(columns, options_.id));
    for (const auto& [name, path] : options_.meta)
      meta_at_.emplace_back(name, column(columns, path));
  }

  // The next row that is not empty; of a CSV file it ends where its quotes are closed.
  bool read_row(Cells& cells) {
    std::string_view line;
    do {
      if (!lines_->next(line)) return false;
    } while (line.empty());
    first_ = lines_->place().lines;
    if (first_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    cells.clear();
    if (file_.format == CorpusFormat::kTsv) {
      for (size_t at = 0; at <= line.size();) {
        const size_t tab = std::min(line.find('\t', at), line.size());
        cells.emplace_back(line.substr(at, tab - at));
        at = tab + 1;
      }
      return true;
    }
    row_.assign(line);
    while (std::ranges::count(row_, '"') % 2 != 0 && lines_->next(line)) {
      row_.append("\n").append(line);
      if (int64_t(row_.size()) > options_.longest)
        throw UserError(
            str(file_.path, ":", first_, ": a row of more than ", options_.longest, " bytes"),
            "a quote may not be closed; a row is held in memory");
    }
    split_csv(cells);
    return true;
  }

  void split_csv(Cells& cells) const {
    std::vector<CsvCell> found;
    try {
      CsvReader(row_, file_.path, CsvSpaces::kKept).row(found);
    } catch (const UserError& e) {
      throw UserError(str(file_.path, ":", first_, ": ", e.what()), e.help);
    }
    for (CsvCell& c : found) cells.push_back(std::move(c.text));
  }

  const CorpusFile& file_;
  const CorpusOptions& options_;
  std::optional<LineReader> lines_;
  size_t count_ = 0, text_at_ = 0;  // columns; the text's
  int64_t id_at_ = -1;
  std::vector<std::pair<std::string, size_t>> meta_at_;
  int64_t first_ = 0;  // line of the row
  std::string row_, text_;
};
}  // namespace

std::unique_ptr<FileDocuments> open_table(const CorpusFile& file, const CorpusOptions& options,
                                          LinePlace from) {
  return std::make_unique<Table>(file, options, from);
}
}  // namespace cambium
