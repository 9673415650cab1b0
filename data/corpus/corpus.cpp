// Corpora in files: whole files, lines, paragraphs and lines of JSON.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <vector>

#include "core/system/files.h"
#include "core/system/line_reader.h"
#include "core/text/json.h"
#include "data/corpus/document.h"

namespace cambium {
enum class CorpusFormat { kFile, kParagraphs, kLines, kJsonLines };

struct CorpusFile {
  std::string name, path;  // as seen from the corpus, and to open
  CorpusFormat format;
  bool packed = false;  // to be unpacked
};

struct CorpusFiles {
  std::vector<CorpusFile> files;
};

namespace {
namespace fs = std::filesystem;
using Format = CorpusFormat;

Format format_of(const std::string& format, const std::string& path) {
  if (format == "paragraphs") return Format::kParagraphs;
  if (format == "lines") return Format::kLines;
  const bool json = path.ends_with(".jsonl") || path.ends_with(".jsonl.gz");
  return format == "jsonl" || (format == "auto" && json) ? Format::kJsonLines : Format::kFile;
}

std::vector<CorpusFile> files_of(const CorpusOptions& o) {
  if (!fs::is_directory(o.path))
    return {{fs::path(o.path).filename(), o.path, format_of(o.format, o.path),
             o.path.ends_with(".gz")}};
  std::vector<CorpusFile> files;
  try {
    for (auto it = fs::recursive_directory_iterator(o.path); it != fs::end(it); ++it) {
      if (it->path().filename().string().starts_with('.')) {
        if (it->is_directory()) it.disable_recursion_pending();
        continue;
      }
      if (!it->is_regular_file()) continue;
      const std::string path = it->path().string();
      files.push_back({fs::relative(it->path(), o.path).generic_string(), path,
                       format_of(o.format, path), path.ends_with(".gz")});
    }
  } catch (const fs::filesystem_error& e) {
    throw RuntimeError(str("the folder '", o.path, "' cannot be read: ", e.code().message()),
                       "check its permissions and its owner");
  }
  std::ranges::sort(files, {}, &CorpusFile::name);
  return files;
}

// Three numbers: the file, the byte in it, the lines before that.
struct Position {
  int64_t file = 0;
  LinePlace place;
};

std::optional<Position> position_from(std::string_view text) {
  Position p;
  for (int64_t* n : {&p.file, &p.place.byte, &p.place.lines}) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *n);
    if (error != std::errc() || *n < 0) return std::nullopt;
    text.remove_prefix(size_t(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return text.empty() ? std::optional(p) : std::nullopt;
}

class Corpus final : public DocumentSource {
 public:
  Corpus(CorpusOptions options, std::shared_ptr<const CorpusFiles> list)
      : options_(std::move(options)), list_(std::move(list)), files_(list_->files) {}

  bool next(Document& into) override {
    for (; at_.file < int64_t(files_.size()); ++at_.file, at_.place = {}, lines_.reset()) {
      const CorpusFile& file = files_[size_t(at_.file)];
      if (file.format == Format::kFile) {
        read_whole(file, into);
        ++at_.file;
        return true;
      }
      if (!lines_) lines_ = std::make_unique<LineReader>(file.path, at_.place);
      if (read_part(file, into)) return true;
    }
    return false;
  }

  std::optional<int64_t> total() const override {
    const auto whole = [](const CorpusFile& f) { return f.format == Format::kFile; };
    if (!std::all_of(files_.begin(), files_.end(), whole)) return std::nullopt;
    return int64_t(files_.size());
  }

  std::string position() const override {
    return str(at_.file, " ", at_.place.byte, " ", at_.place.lines);
  }

  void go_to(const std::string& position) override {
    const std::optional<Position> p = position.empty() ? Position{} : position_from(position);
    if (!p || p->file > int64_t(files_.size()))
      throw UserError(str("'", position, "' is no place in the documents of ", options_.path),
                      "begin again from the first document");
    at_ = *p;
    lines_.reset();
  }

 private:
  void read_whole(const CorpusFile& file, Document& into) {
    if (file.packed) {
      unpacked_ = read_maybe_gzip(file.path);
      text_ = {reinterpret_cast<const char*>(unpacked_.data()), unpacked_.size()};
    } else {
      map_.emplace(file.path);
      text_ = {reinterpret_cast<const char*>(map_->bytes().data()), map_->bytes().size()};
    }
    into = {file.name, text_, file.path, 0};
  }

  // The next document of the open file; false at its end. Empty lines are no documents.
  bool read_part(const CorpusFile& file, Document& into) {
    std::string_view line;
    joined_.clear();
    int64_t first = 0;
    while (lines_->next(line)) {
      at_.place = lines_->place();
      if (line.empty() && joined_.empty()) continue;
      if (first == 0) first = at_.place.lines;
      if (file.format == Format::kParagraphs && !line.empty()) {
        joined_.append(line) += '\n';
        if (int64_t(joined_.size()) > LineReader::kLongestLine)
          throw UserError(str(file.path, ":", first, ": a paragraph of more than ",
                              LineReader::kLongestLine, " bytes"),
                          "break it with empty lines; a paragraph is held in memory");
        continue;
      }
      if (file.format == Format::kLines) text_ = line;
      break;
    }
    if (first == 0) return false;
    into = {str(file.name, ":", first), text_, file.path, first};
    if (file.format == Format::kParagraphs) into.text = joined_;
    if (file.format == Format::kJsonLines) read_json(line, into);
    return true;
  }

  void read_json(std::string_view line, Document& into) {
    const auto fail = [&](const std::string& what, std::string help) {
      throw UserError(str(into.path, ":", into.line, ": ", what), std::move(help));
    };
    Json record;
    try {
      record = parse_json(line, into.path);
    } catch (const UserError& e) {
      fail(str(e.what(), e.mark.known() ? str(" at column ", e.mark.column) : ""),
           "each line of a jsonl file is an object of its own, such as {\"text\": \"...\"}");
    }
    if (!record.is_object())
      fail("the line is no object", "write {\"text\": \"...\"} on each line");
    const auto text = record.find(options_.key);
    if (text == record.end())
      fail(str("the object has no '", options_.key, "'"),
           "set `key` to where the text stands in each object");
    if (!text->is_string())
      fail(str("'", options_.key, "' is no text"), "set `key` to where the text stands");
    json_text_ = text->get<std::string>();
    into.text = json_text_;
    if (options_.id.empty()) return;
    const auto id = record.find(options_.id);
    if (id == record.end() || !(id->is_string() || id->is_number_integer()))
      fail(str("the object has no text or whole number '", options_.id, "'"),
           "set `id` to what names each document, or leave it out");
    into.id = id->is_string() ? id->get<std::string>() : id->dump();
  }

  CorpusOptions options_;
  std::shared_ptr<const CorpusFiles> list_;
  const std::vector<CorpusFile>& files_;
  Position at_;                        // of the next document
  std::unique_ptr<LineReader> lines_;  // of the file at_, once it is open
  std::optional<MappedFile> map_;
  std::vector<std::byte> unpacked_;
  std::string joined_, json_text_;
  std::string_view text_;
};
}  // namespace

std::shared_ptr<const CorpusFiles> list_corpus(const CorpusOptions& options) {
  if (options.path.empty()) throw UserError("no path given", "set path to a file or a folder");
  if (!file_exists(options.path))
    throw UserError(str(options.path, ": no such file or folder"),
                    "set path to a text file, a jsonl file or a folder of them; it is taken from "
                    "the working directory");
  auto list = std::make_shared<CorpusFiles>(files_of(options));
  if (list->files.empty())
    throw UserError(str(options.path, ": no file in this folder"), "name another folder");
  return list;
}

std::unique_ptr<DocumentSource> open_corpus(const CorpusOptions& options,
                                            std::shared_ptr<const CorpusFiles> files) {
  return std::make_unique<Corpus>(options, std::move(files));
}

std::unique_ptr<DocumentSource> open_corpus(const CorpusOptions& options) {
  return open_corpus(options, list_corpus(options));
}

std::unique_ptr<DocumentSource> open_text_document(const std::string& path) {
  const std::string name = fs::path(path).filename();
  return std::make_unique<Corpus>(
      CorpusOptions{.path = path},
      std::make_shared<CorpusFiles>(CorpusFiles{{{name, path, Format::kFile}}}));
}
}  // namespace cambium
