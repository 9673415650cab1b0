// Next-byte prediction over any file.
#include "data/text.h"

namespace cambium {
extern const DatasetKind dataset_text_bytes = {
    .name = "text_bytes",
    .doc = "next-byte prediction over any file; 256 symbols",
    .source = "any file of yours",
    .attrs = fields_of<TextOptions>,
    .primary = "path",
    .open = [](const Attrs& attrs, uint64_t) {
      return open_text(attrs.as<TextOptions>(), TextUnit::kByte);
    }};
}  // namespace cambium
