// Training of byte-level BPE: of all pairs of neighbours the most frequent becomes a token, again
// and again (Sennrich et al. 2016). Ties: the higher count, then the lower left id, then the lower
// right id. Counts are of 64 bits.
#pragma once
#include "data/tokenizers/byte_bpe.h"
#include "data/tokenizers/pretoken_counts.h"

namespace cambium {
inline constexpr std::string_view kEndOfText = "<|endoftext|>";

struct BpeTraining {
  int64_t vocab = 8192;  // with the 256 bytes and <|endoftext|>; at least 257
  int64_t least = 2;     // a pair that occurs less often is not merged
};

// Ids 0 to 255 are the bytes, then come the merges in their order, then <|endoftext|>. Smaller than
// asked for when no pair is left that occurs often enough.
ByteBpeModel train_bpe(const PretokenCounts& counts, const BpeTraining& training);
}  // namespace cambium
