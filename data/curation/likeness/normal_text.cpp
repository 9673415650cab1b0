#include "data/curation/likeness/normal_text.h"

#include <cstdint>

namespace cambium {
void normalise_words(std::string_view text, std::string& out, bool ascii) {
  out.clear();
  out.reserve(text.size());
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = char(c + ('a' - 'A'));
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (!ascii && uint8_t(c) >= 0x80);
    if (letter)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
}
}  // namespace cambium
