// Documents: a corpus as texts one after the other, of which only one is in memory.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fields.h"
#include "core/system/line_reader.h"

namespace cambium {
struct Document {
  std::string id;  // equal wherever the corpus stands: "a/b.txt", "c.jsonl:12", or what it says
  std::string_view text;  // valid until its source's next call
  std::string path;       // of its file, for messages
  int64_t line = 0;       // where it begins, from 1; 0: it is the whole file
  std::string meta = {};  // what else is known of it: an object of JSON, or empty
};

// A stream of documents in a fixed order. Used by one thread; several of one corpus may be open.
class DocumentSource {
 public:
  virtual ~DocumentSource() = default;

  // Moves to the next document; false behind the last one. UserError with path and line for one
  // that is not what its format says, behind which next() goes on; RuntimeError when a file cannot
  // be read.
  virtual bool next(Document& into) = 0;

  virtual void skip_file() {}  // what follows in the file of the last document, or of an error

  // How many there are, where that is known without reading them.
  virtual std::optional<int64_t> total() const { return std::nullopt; }

  // Where next() goes on: a few bytes of one line, to be given to go_to() of a source opened alike.
  virtual std::string position() const = 0;

  // "" is the beginning. UserError for what is no position of these documents.
  virtual void go_to(const std::string& position) = 0;
};

struct CorpusOptions {
  std::string path, format = "auto", key = "text", id;

  // A name in the document's meta, and where it stands, for formats with names.
  std::vector<std::pair<std::string, std::string>> meta = {};
  std::vector<std::string> columns = {};       // of a table that has no line of names
  int64_t longest = LineReader::kLongestLine;  // bytes; more in a document is a UserError

  static constexpr auto fields = std::tuple{
      field("path", &CorpusOptions::path,
            "a file, a folder whose files are read in the order of their names, and those of "
            "folders in it, or a pattern such as texts/**/part-*.txt; *.gz and *.zst are unpacked, "
            "what begins with a dot left out"),
      field("format", &CorpusOptions::format,
            "a document is a file, what stands between empty lines, a line, a line of JSON, an "
            "item of a JSON list, or a row of a table; auto: what the file's name ends in (.jsonl, "
            ".json, .csv, .tsv), else file")
          .one_of("auto|file|paragraphs|lines|jsonl|json|csv|tsv"),
      field("key", &CorpusOptions::key,
            "of JSON and tables: where the text stands, a name, or a path such as $$.page.body"),
      field("id", &CorpusOptions::id,
            "of JSON and tables: where a text or whole number stands that names the document for "
            "good; empty: its file and line do")};
};

// Which files a corpus has, in their order: sources of one list agree on places though files come.
struct CorpusFiles;

// UserError when there is no such file or folder, or no file in it.
std::shared_ptr<const CorpusFiles> list_corpus(const CorpusOptions& options);
std::vector<std::string> paths_of(const CorpusFiles& files);

// Exactly these files.
std::shared_ptr<const CorpusFiles> list_of(std::span<const std::string> paths,
                                           const CorpusOptions& options);

// All files of several lists, each once, in the order of their paths.
std::shared_ptr<const CorpusFiles> joined_files(
    std::span<const std::shared_ptr<const CorpusFiles>> lists);

// Some of them, as a list of its own.
std::shared_ptr<const CorpusFiles> part_of(const CorpusFiles& files, size_t first, size_t count);

std::unique_ptr<DocumentSource> open_corpus(const CorpusOptions& options,
                                            std::shared_ptr<const CorpusFiles> files);
std::unique_ptr<DocumentSource> open_corpus(const CorpusOptions& options);  // of a list of its own

// One file as one document, byte for byte, whatever it is called: its text is a map of the file.
std::unique_ptr<DocumentSource> open_text_document(const std::string& path);

// The documents of these files again and again, those of a seed other than 0 in another order of
// the files each time. `options` say what they are.
std::unique_ptr<DocumentSource> open_endless(std::vector<std::string> paths, CorpusOptions options,
                                             uint64_t seed);

// The documents that `keep` says are wanted, in their order.
std::unique_ptr<DocumentSource> filtered(std::unique_ptr<DocumentSource> from,
                                         std::function<bool(const Document&)> keep);
}  // namespace cambium
