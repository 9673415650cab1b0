// Labelled rows: files of a label and a text a row, in the three usual forms.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
struct LabelledRow {
  std::string label, text;
  int64_t line = 0;  // where the row begins
};

enum class RowFormat {
  kSpace,  // label, a space, the text
  kTsv,    // label, a tab, the text; more tabs are spaces of the text
  kCsv,    // RFC 4180: fields may be quoted, "" is a quote; texts behind the label are joined
};

// The form that a name suggests: *.csv, *.tsv, everything else kSpace.
RowFormat format_of(std::string_view path);

// UserError naming path and line for a row without a label or a text, an open quote, or a quote in
// the middle of a field. Bytes are kept as they are: files in any 8-bit encoding can be read.
std::vector<LabelledRow> parse_rows(std::string_view content, RowFormat format,
                                    const std::string& path);

// The words of a text: runs of letters, digits and bytes from 128 on; every other visible character
// is a word of its own. With `lower`, A-Z become a-z.
std::vector<std::string> words_of(std::string_view text, bool lower);
}  // namespace cambium
