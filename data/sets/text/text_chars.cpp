// Next-character prediction over any UTF-8 file.
#include "data/text/text.h"

namespace cambium::dataset_text_chars {
extern const DatasetKind dataset_text_chars = {
    .name = "text_chars",
    .doc = "next-character prediction over a UTF-8 file; the vocabulary is its distinct characters",
    .source = "any text file of yours",
    .attrs = fields_of<TextOptions>,
    .primary = "path",
    .open = [](const Attrs& attrs, uint64_t) {
      const auto& options = attrs.as<TextOptions>();
      return open_text(options, std::make_unique<TextFile>(options.path, TextUnit::kCharacter));
    }};
}  // namespace cambium::dataset_text_chars
