// Languages: which one a text is written in. languages.cpp is the one user of CLD2.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
struct FoundLanguage {
  std::string code = "un";  // ISO 639-1 ("he", "zh"), or 639-3 where there is none; un: unknown
  double share = 0;         // of the text's letters
};

// By Unicode scripts and, within them, by runs of four letters. A text that is no UTF-8 is judged
// up to the first byte that is none.
FoundLanguage language_of(std::string_view text);

std::vector<std::string> language_codes();  // those that can be found
}  // namespace cambium
