// A document is a line, or what stands between empty lines.
#include "data/corpus/formats.h"

namespace cambium {
namespace {
class Lines final : public FileDocuments {
 public:
  Lines(const CorpusFile& file, const CorpusOptions& options, LinePlace from)
      : file_(file), lines_(file.path, from, options.longest) {}

  bool next(Document& into) override {
    std::string_view line;
    while (lines_.next(line)) {
      if (line.empty()) continue;
      const int64_t at = lines_.place().lines;
      into = {line_id(file_, at), line, file_.path, at};
      return true;
    }
    return false;
  }

  LinePlace place() const override { return lines_.place(); }

 private:
  const CorpusFile& file_;
  LineReader lines_;
};

class Paragraphs final : public FileDocuments {
 public:
  Paragraphs(const CorpusFile& file, const CorpusOptions& options, LinePlace from)
      : file_(file), longest_(options.longest), lines_(file.path, from, options.longest) {}

  bool next(Document& into) override {
    std::string_view line;
    joined_.clear();
    int64_t first = 0;
    while (lines_.next(line)) {
      if (line.empty() && first == 0) continue;
      if (line.empty()) break;
      if (first == 0) first = lines_.place().lines;
      joined_.append(line) += '\n';
      if (int64_t(joined_.size()) > longest_) refuse(first);
    }
    if (first == 0) return false;
    into = {line_id(file_, first), joined_, file_.path, first};
    return true;
  }

  LinePlace place() const override { return lines_.place(); }

 private:
  [[noreturn]] void refuse(int64_t first) {
    for (std::string_view line; lines_.next(line) && !line.empty();) {
    }
    throw UserError(str(file_.path, ":", first, ": a paragraph of more than ", longest_, " bytes"),
                    "break it with empty lines; a paragraph is held in memory");
  }

  const CorpusFile& file_;
  int64_t longest_;
  LineReader lines_;
  std::string joined_;
};
}  // namespace

std::unique_ptr<FileDocuments> open_lines(const CorpusFile& file, const CorpusOptions& options,
                                          LinePlace from) {
  return std::make_unique<Lines>(file, options, from);
}

std::unique_ptr<FileDocuments> open_paragraphs(const CorpusFile& file, const CorpusOptions& options,
                                               LinePlace from) {
  return std::make_unique<Paragraphs>(file, options, from);
}
}  // namespace cambium
