// Judged: what a data set judges models by, so that two that are judged by different things are not
// compared.
#pragma once
#include <map>

#include "data/dataset.h"

namespace cambium {
// The text that a slice of a part asks for, of all where there are no slices.
struct JudgedText {
  int64_t bytes = 0, window = 0;  // window: of the longest example
  std::vector<uint64_t> steps;    // hashes of the text up to every so many bytes
};

// What models hear (sizes of pictures, lengths of windows) may differ; what they are asked may not.
struct Judged {
  uint64_t exact = 0;  // of the held-out targets: of text all, of other data their number and a few
  uint64_t cut = 0;    // of text: how it is cut and numbered
  std::map<std::string, JudgedText> text[2] = {};  // of each part by slices
};

Judged judged_by(const Dataset& data);

// Whether both ask the same. Where text is cut in another way, but for a window at the end of each
// slice.
bool ask_the_same(const Judged& a, const Judged& b);
}  // namespace cambium
