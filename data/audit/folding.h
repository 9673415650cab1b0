// Folding: the words of a text as an audit counts and compares them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
// The words of one text in lower case; valid until the next fold().
class FoldedWords {
 public:
  // A word is a run of letters, digits and _ (beyond ASCII: of whatever is neither white space nor
  // punctuation), with apostrophes inside it, which all become '. Texts of scripts without spaces
  // are few and long words.
  void fold(std::string_view text);

  const std::vector<std::string_view>& words() const { return words_; }

 private:
  std::string letters_;
  std::vector<size_t> ends_;
  std::vector<std::string_view> words_;
};
}  // namespace cambium
