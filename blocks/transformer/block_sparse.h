// Block-sparse attention: each block of queries looks at a few blocks of keys (Zaheer et al. 2020,
// arXiv 2007.14062): its own and `near` ones on either side, the first `global` ones, and `random`
// others; the first `global` blocks of queries look at everything. What is not looked at is not
// computed, so time and memory grow linearly with the number of tokens.
#pragma once
#include <algorithm>

#include "blocks/transformer/attend.h"
#include "core/rng.h"

namespace cambium {
struct BlockSparse {
  std::string kind = "full";
  int64_t block = 64, near = 1, global = 1, random = 2, seed = 0;
  static constexpr auto fields = std::tuple{
      field("block", &BlockSparse::block, "block_sparse: tokens of a block").in(1, 64),
      field("near", &BlockSparse::near, "block_sparse: blocks a block sees on either side").in(0),
      field("global", &BlockSparse::global,
            "block_sparse: blocks at the start that all see and that see all")
          .in(0),
      field("random", &BlockSparse::random,
            "block_sparse: other blocks a block sees, the same for all heads")
          .in(0),
      field("seed", &BlockSparse::seed, "block_sparse: draws other random blocks").in(0)};
};

// The blocks that block i of `count` looks at, in order.
inline std::vector<int64_t> blocks_seen(const BlockSparse& a, bool causal, int64_t i, int64_t count,
                                        Random& random) {
  const int64_t end = causal ? i + 1 : count;
  std::vector<int64_t> seen, others;
  for (int64_t j = 0; j < end; ++j)
    (j < a.global || std::abs(i - j) <= a.near ? seen : others).push_back(j);
  for (int64_t n = std::min(a.random, int64_t(others.size())); n > 0; --n) {
    const auto at = others.begin() + random.below(uint32_t(others.size()));
    seen.push_back(*at);
    others.erase(at);
  }
  std::ranges::sort(seen);
  return seen;
}

using BlockLists = std::vector<std::vector<int64_t>>;

// What the blocks from `first` on look at, drawn for the block under construction.
inline BlockLists lists_of_blocks(const Builder& b, const BlockSparse& a, bool causal,
                                  int64_t first, int64_t count) {
  constexpr int64_t kMostBlocks = 1 << 14;
  if (count > kMostBlocks)
    throw OptionError(
        "block",
        str("block = ", a.block, " makes ", count, " blocks of the tokens, more than ",
            kMostBlocks),
        a.block < 64 ? "use larger blocks, up to 64, or fewer tokens" : "use fewer tokens");
  Random random(uint64_t(a.seed), uint64_t(b.start_stream("blocks")));
  BlockLists seen;
  for (int64_t i = first; i < count; ++i) seen.push_back(blocks_seen(a, causal, i, count, random));
  return seen;
}

// i32 [lists, longest], -1 where a list is shorter.
inline Value block_list(Builder& b, const BlockLists& seen) {
  size_t most = 0;
  for (const auto& blocks : seen) most = std::max(most, blocks.size());
  return b.table(DType::kI32, {int64_t(seen.size()), int64_t(most)}, [&](Tensor& list) {
    std::ranges::fill(list.i32(), -1);
    for (size_t i = 0; i < seen.size(); ++i)
      for (size_t k = 0; k < seen[i].size(); ++k) list.i32()[i * most + k] = int32_t(seen[i][k]);
  });
}

inline Value slice_tokens(Builder& b, Value x, int64_t begin, int64_t end) {
  if (begin == 0 && end == x.shape()[1]) return x;
  return b.emit("slice", {x}, {{"axis", 1}, {"begin", begin}, {"end", end}});
}

// softmax(q k^T) v over the listed blocks, for q [B,T,H,D], k and v [B,T,G,D]: [B,T,H,D]. Queries
// of the global blocks are a full attention of their own. `mask` [B,T] may be none.
inline Value attend_blocks(Builder& b, const Heads& a, const BlockSparse& s, bool causal, Value q,
                           Value k, Value v, Value mask) {
  const int64_t T = q.shape()[1], count = (T + s.block - 1) / s.block;
  const int64_t first = std::min(s.global, count), n = std::min(T, first * s.block);
  const Value table = a.position == "t5" ? relative_table(b, a) : Value{};
  const Value sinks = sinks_of(b, a);
  const auto bias = [&](Distances d) {
    if (a.position == "alibi") return alibi_bias(b, a, d);
    return table ? relative_bias(b, a, table, causal, d) : Value{};
  };
  std::vector<Value> parts;
  if (n > 0) {
    const int64_t keys = causal ? n : T;
    parts.push_back(emit_attention(
        b, a, {slice_tokens(b, q, 0, n), slice_tokens(b, k, 0, keys), slice_tokens(b, v, 0, keys)},
        {bias({n, keys, 0}), sinks, {}, mask ? slice_tokens(b, mask, 0, keys) : Value{}},
        {{"causal", causal}}));
  }
  if (n < T) {
    const Value list = block_list(b, lists_of_blocks(b, s, causal, first, count));
    parts.push_back(emit_attention(b, a, {slice_tokens(b, q, n, T), k, v},
                                   {bias({T - n, T, n}), sinks, list, mask},
                                   {{"causal", causal}, {"block", s.block}}));
  }
  return parts.size() == 1 ? parts[0] : b.emit("concat", parts, {{"axis", 1}});
}

// The same for one token and the cached keys and values; a global block sees all before it.
inline Value attend_blocks_step(Builder& b, const Heads& a, const BlockSparse& s, bool causal,
                                Value q, Value k, Value v) {
  const int64_t count = (b.step->context + s.block - 1) / s.block;
  const int64_t first = std::min(s.global, count);
  BlockLists lists;
  for (int64_t i = 0; i < first; ++i)
    for (lists.emplace_back(); int64_t(lists.back().size()) <= i;)
      lists.back().push_back(int64_t(lists.back().size()));
  for (std::vector<int64_t>& seen : lists_of_blocks(b, s, causal, first, count))
    lists.push_back(std::move(seen));
  return attend_step(b, a, causal, q, k, v, {.block = s.block, .blocks = block_list(b, lists)});
}
}  // namespace cambium
