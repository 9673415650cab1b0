// A small corpus of two sources that are unlike: digits and letters, three times as many of the
// latter.
#pragma once
#include "core/system/files.h"
#include "data/assembly/build.h"
#include "tests/support/data/test_data.h"

namespace cambium::test {
// The corpus's folder.
inline std::string two_sources(const TempFolder& folder, int lines = 200) {
  std::string digits, letters;
  for (int i = 0; i < lines; ++i) digits += str(i * 7919, " ", i * 104729, " ", i * i, "\n");
  for (int i = 0; i < 3 * lines; ++i) {
    for (int w = 0; w < 4; ++w)
      letters += std::string(size_t(1 + (i + w) % 5), char('a' + (i * 7 + w * 3) % 26)) + " ";
    letters += str("of ", char('a' + i % 26), char('a' + i / 26 % 26), "\n");
  }
  replace_file(folder.path("digits.txt"), digits);
  replace_file(folder.path("letters.txt"), letters);
  replace_file(folder.path("recipe.yaml"),
               str("sources: {digits: {path: '", folder.path("digits.txt"),
                   "', split: line}, letters: {path: '", folder.path("letters.txt"),
                   "', split: line}}\nsplit: {val: 10%, test: 10%}\n"));
  build_corpus(load_recipe(folder.path("recipe.yaml")), folder.path("built"), {});
  return folder.path("built");
}
}  // namespace cambium::test
