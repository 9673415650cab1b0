// Corpora in each form: read on and from a place in the middle, and windows of what they hold.
#include "data/corpus/document.h"
#include "tests/fuzz/dataset.h"

namespace cambium::fuzz_documents {
namespace {
std::vector<std::string> texts_from(DocumentSource& source) {
  std::vector<std::string> out;
  for (Document d; source.next(d);) out.emplace_back(d.text);
  return out;
}
}  // namespace

extern const FuzzTarget fuzz_documents = {
    .name = "documents",
    .reads = {"core/packing/byte_reader.cpp", "core/system/line_reader.cpp",
              "data/corpus/corpus.cpp", "data/corpus/formats/json_lines.cpp"},
    .run = [](std::string_view bytes) {
      for (const char* format : {"paragraphs", "lines", "json", "csv", "tsv", "jsonl"}) try {
          const std::string path = file_of(str("corpus.", format), bytes);
          const CorpusOptions options{.path = path, .format = format};
          const auto source = open_corpus(options), other = open_corpus(options);
          Document first;
          source->next(first);
          other->go_to(source->position());
          expect(texts_from(*source) == texts_from(*other), "a place is another when gone back to");
          read_all(str("documents: {context: 2, val: 0.3, test: 0.3, path: ", path,
                       ", format: ", format, "}"));
        } catch (const UserError&) {
          if (std::string_view(format) == "jsonl") throw;
        }
      const std::string packed = file_of("corpus.gz", bytes);
      if (bytes.starts_with("\x1f\x8b"))
        texts_from(*open_corpus({.path = packed, .format = "lines"}));
      if (bytes.starts_with("\x28\xb5\x2f\xfd"))
        texts_from(*open_corpus({.path = file_of("corpus.zst", bytes), .format = "lines"}));
    }};
}  // namespace cambium::fuzz_documents
