// Formats: how a file is cut into documents. Each is a file in data/corpus/formats/.
#pragma once
#include "data/corpus/document.h"

namespace cambium {
enum class CorpusFormat { kFile, kParagraphs, kLines, kJsonLines, kJson, kCsv, kTsv };

struct CorpusFile {
  std::string name, path;  // as seen from the corpus, and to open
  CorpusFormat format = CorpusFormat::kFile;
  bool as_it_is = false;  // not unpacked, whatever it is called
};

// The documents of one file. Errors are those of DocumentSource; behind a UserError next() goes on
// with the document behind it.
class FileDocuments {
 public:
  virtual ~FileDocuments() = default;

  virtual bool next(Document& into) = 0;

  virtual LinePlace place() const = 0;  // of the next one
};

// Each from a place that place() gave; `file` and `options` must live as long.
std::unique_ptr<FileDocuments> open_whole_file(const CorpusFile& file, const CorpusOptions& options,
                                               LinePlace from);
std::unique_ptr<FileDocuments> open_lines(const CorpusFile& file, const CorpusOptions& options,
                                          LinePlace from);
std::unique_ptr<FileDocuments> open_paragraphs(const CorpusFile& file, const CorpusOptions& options,
                                               LinePlace from);
std::unique_ptr<FileDocuments> open_json_lines(const CorpusFile& file, const CorpusOptions& options,
                                               LinePlace from);
std::unique_ptr<FileDocuments> open_json(const CorpusFile& file, const CorpusOptions& options,
                                         LinePlace from);
std::unique_ptr<FileDocuments> open_table(const CorpusFile& file, const CorpusOptions& options,
                                          LinePlace from);

std::unique_ptr<FileDocuments> open_file(const CorpusFile& file, const CorpusOptions& options,
                                         LinePlace from);

bool is_packed(const std::string& path);  // *.gz, *.zst

// What a file is by its name; UserError with a cure for a format that is known and not read.
CorpusFormat format_of(const std::string& format, const std::string& path);

// "a.jsonl:12"
std::string line_id(const CorpusFile& file, int64_t line);
}  // namespace cambium
