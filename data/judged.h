// Judged: what a data set judges models by, so that two that are judged by different things are not
// compared.
#pragma once
#include "data/dataset.h"

namespace cambium {
// What models hear (sizes of pictures, lengths of windows) may differ; what they are asked may not.
struct Judged {
  uint64_t exact = 0;  // of the held-out targets: of text all, of other data their number and a few
  // Of text: how it is cut and numbered, and hashes of the text of each part up to every so many
  // bytes, by which other cuts and numbers of the same text are known.
  uint64_t cut = 0;
  std::vector<uint64_t> text[2];
};

Judged judged_by(const Dataset& data);

// Whether both ask the same. Where text is cut in another way, as far as both go.
bool ask_the_same(const Judged& a, const Judged& b);
}  // namespace cambium
