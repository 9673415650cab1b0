// What the tests of tokenizers share.
#pragma once
#include <sstream>

#include "core/text/json.h"
#include "data/tokenizers/byte_bpe.h"
#include "data/tokenizers/train_bpe.h"
#include "tests/data/support.h"

namespace cambium {
inline std::vector<int32_t> ids_of(const Tokenizer& t, std::string_view text) {
  std::vector<int32_t> ids;
  t.encode(text, ids);
  return ids;
}

inline std::string golden_tokenizer(const std::string& name) {
  return str(CAMBIUM_SOURCE_DIR "/tests/golden/tokenizers/", name);
}

// Strings with the ids that another program gave them: bench/tokenizers/*_strings.mjs.
inline void expect_golden_ids(const Tokenizer& t, const std::string& name) {
  std::istringstream lines(read_file(golden_tokenizer(name)));
  int64_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const size_t tab = line.find('\t');
    std::string ids;
    for (const int32_t id : ids_of(t, parse_json(line.substr(0, tab), name).get<std::string>()))
      ids += str(ids.empty() ? "" : " ", id);
    EXPECT_EQ(ids, line.substr(tab + 1)) << line.substr(0, tab);
  }
  EXPECT_EQ(count, 300);
}

// Trained on these texts.
inline ByteBpeModel trained_on(std::initializer_list<std::string_view> texts,
                               const BpeTraining& training = {}) {
  PretokenCounts counts;
  for (const std::string_view t : texts) counts.add_text(t);
  return train_bpe(counts, training);
}
}  // namespace cambium
