// Documents: a corpus as texts one after the other, of which only one is in memory.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/fields.h"

namespace cambium {
struct Document {
  std::string id;  // equal wherever the corpus stands: "a/b.txt", "c.jsonl:12", or what it says
  std::string_view text;  // valid until its source's next call
  std::string path;       // of its file, for messages
  int64_t line = 0;       // where it begins, from 1; 0: it is the whole file
};

// A stream of documents in a fixed order. Used by one thread; several of one corpus may be open.
class DocumentSource {
 public:
  virtual ~DocumentSource() = default;

  // Moves to the next document; false behind the last one. UserError with path and line for one
  // that is not what its format says, RuntimeError when a file cannot be read.
  virtual bool next(Document& into) = 0;

  // How many there are, where that is known without reading them.
  virtual std::optional<int64_t> total() const { return std::nullopt; }

  // Where next() goes on: a few bytes of one line, to be given to go_to() of a source opened alike.
  virtual std::string position() const = 0;

  // "" is the beginning. UserError for what is no position of these documents.
  virtual void go_to(const std::string& position) = 0;
};

struct CorpusOptions {
  std::string path, format = "auto", key = "text", id;

  static constexpr auto fields = std::tuple{
      field("path", &CorpusOptions::path,
            "a file, or a folder whose files are read in the order of their names, and those of "
            "folders in it; *.gz is unpacked, what begins with a dot left out"),
      field("format", &CorpusOptions::format,
            "a document is a file, what stands between empty lines, a line, or a line of JSON; "
            "auto: jsonl for *.jsonl, else file")
          .one_of("auto|file|paragraphs|lines|jsonl"),
      field("key", &CorpusOptions::key, "of jsonl: where the text stands"),
      field("id", &CorpusOptions::id,
            "of jsonl: where a text or whole number stands that names the document for good; "
            "empty: its file and line do")};
};

// Which files a corpus has, in their order: sources of one list agree on places though files come.
struct CorpusFiles;

// UserError when there is no such file or folder, or no file in it.
std::shared_ptr<const CorpusFiles> list_corpus(const CorpusOptions& options);
std::unique_ptr<DocumentSource> open_corpus(const CorpusOptions& options,
                                            std::shared_ptr<const CorpusFiles> files);
std::unique_ptr<DocumentSource> open_corpus(const CorpusOptions& options);  // of a list of its own

// One file as one document, byte for byte, whatever it is called: its text is a map of the file.
std::unique_ptr<DocumentSource> open_text_document(const std::string& path);

// The documents that `keep` says are wanted, in their order.
std::unique_ptr<DocumentSource> filtered(std::unique_ptr<DocumentSource> from,
                                         std::function<bool(const Document&)> keep);
}  // namespace cambium
