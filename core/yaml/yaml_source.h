// Places in the text of a YAML file. The parser counts lines and bytes from 0; marks count lines
// and characters from 1, as editors do.
#pragma once
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
// Keeps views of the text and the name: both must outlive it.
class Source {
 public:
  Source(std::string_view text, std::string_view file);

  size_t size() const { return text_.size(); }

  std::string_view from(size_t offset) const { return text_.substr(offset); }

  // The byte offset of a 0-based line and byte column, clamped to the text.
  size_t offset(int line, int column) const;

  Mark mark(size_t offset, size_t bytes = 1) const;

  // Where the value itself starts, past its anchor and tag on the same line.
  size_t value_offset(size_t offset) const;
  // The value's own mark: past its anchor and tag, as long as what of it stands on that line.
  Mark value_mark(size_t offset) const;

 private:
  std::string_view rest_of_line(size_t at) const;
  size_t token_bytes(size_t at) const;

  std::string_view text_, file_;
  std::vector<size_t> starts_;  // of lines
  // Where characters were last counted to, so that one long line is not counted again and again.
  mutable size_t counted_offset_ = 0, counted_line_ = 0;
  mutable int64_t counted_ = 0;
};

// Bytes of a quoted text that starts here, its quotes included; 0 when it is never closed.
size_t quoted_bytes(std::string_view text);
// Whether a quoted text starts at i; apostrophes inside words are no quotes.
bool starts_quote(std::string_view text, size_t i);
// The same for a bracketed group, 0 also when a quote inside it is never closed.
size_t group_bytes(std::string_view text);
}  // namespace cambium
