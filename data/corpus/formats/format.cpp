// Which format a file has.
#include "core/text/format.h"

#include <array>

#include "data/corpus/formats.h"

namespace cambium {
namespace {
constexpr std::array kNames = {
    std::pair("file", CorpusFormat::kFile),   std::pair("paragraphs", CorpusFormat::kParagraphs),
    std::pair("lines", CorpusFormat::kLines), std::pair("jsonl", CorpusFormat::kJsonLines),
    std::pair("json", CorpusFormat::kJson),   std::pair("csv", CorpusFormat::kCsv),
    std::pair("tsv", CorpusFormat::kTsv)};

std::string_view without_packing(std::string_view path) {
  for (const std::string_view end : {".gz", ".zst"})
    if (path.ends_with(end)) return path.substr(0, path.size() - end.size());
  return path;
}
}  // namespace

bool is_packed(const std::string& path) {
  return without_packing(path).size() < path.size();
}

CorpusFormat format_of(const std::string& format, const std::string& path) {
  for (const auto& [name, value] : kNames)
    if (format == name) return value;
  const std::string_view name = without_packing(path);
  for (const std::string_view end : {".parquet", ".arrow", ".feather"})
    if (name.ends_with(end))
      throw UserError(str(path, ": Parquet and Arrow files are not read"),
                      "write it as JSON lines first, such as with pandas: "
                      "read_parquet(f).to_json('f.jsonl', orient='records', lines=True)");
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson")) return CorpusFormat::kJsonLines;
  if (name.ends_with(".json")) return CorpusFormat::kJson;
  if (name.ends_with(".csv")) return CorpusFormat::kCsv;
  return name.ends_with(".tsv") ? CorpusFormat::kTsv : CorpusFormat::kFile;
}

std::unique_ptr<FileDocuments> open_file(const CorpusFile& file, const CorpusOptions& options,
                                         LinePlace from) {
  switch (file.format) {
    case CorpusFormat::kFile:
      return open_whole_file(file, options, from);
    case CorpusFormat::kParagraphs:
      return open_paragraphs(file, options, from);
    case CorpusFormat::kLines:
      return open_lines(file, options, from);
    case CorpusFormat::kJsonLines:
      return open_json_lines(file, options, from);
    case CorpusFormat::kJson:
      return open_json(file, options, from);
    case CorpusFormat::kCsv:
    case CorpusFormat::kTsv:
      return open_table(file, options, from);
  }
  throw InternalError("a format without a reader");
}

std::string line_id(const CorpusFile& file, int64_t line) {
  return str(file.name, ":", line);
}
}  // namespace cambium
