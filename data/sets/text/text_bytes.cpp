// Next-byte prediction over any file.
#include "data/text/text.h"

namespace cambium::dataset_text_bytes {
extern const DatasetKind dataset_text_bytes = {
    .name = "text_bytes",
    .doc = "next-byte prediction over any file; 256 symbols",
    .source = "any file of yours",
    .attrs = fields_of<TextOptions>,
    .primary = "path",
    .open = [](const Attrs& attrs, uint64_t) {
      const auto& options = attrs.as<TextOptions>();
      return open_text(options, std::make_unique<TextFile>(options.path, TextUnit::kByte));
    }};
}  // namespace cambium::dataset_text_bytes
