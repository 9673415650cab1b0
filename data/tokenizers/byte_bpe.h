// ByteBpe: byte-level byte-pair encoding as GPT-2 does it (Radford et al. 2019; Sennrich et al.
// 2016, arXiv 1508.07909). A text is cut into pre-tokens, each begins as its bytes, and of all
// neighbours that are a merge the one of the lowest rank merges first, the leftmost of equals.
#pragma once
#include <array>
#include <mutex>

#include "data/tokenizers/pair_table.h"
#include "data/tokenizers/tokenizer.h"

namespace cambium {
struct BpeMerge {
  int32_t left, right, into;
  int32_t rank;  // lower merges first
};

struct ByteBpeModel {
  std::vector<std::string> pieces;  // by id, in bytes; of a special token its name; empty: no token
  std::vector<BpeMerge> merges;
  std::vector<SpecialToken> specials;
  bool space_in_front = false;  // of a text that begins with none
};

class PretokenCache;

class ByteBpe final : public Tokenizer {
 public:
  // UserError, beginning with `origin`, when a byte has no token of its own.
  ByteBpe(ByteBpeModel model, const std::string& origin);
  ~ByteBpe() override;

  std::string_view kind() const override { return "byte-level BPE"; }

  int64_t size() const override { return int64_t(model_.pieces.size()); }

  uint64_t content() const override { return content_; }

  std::span<const SpecialToken> specials() const override { return model_.specials; }

  std::optional<int32_t> begin() const override { return begin_of(model_.specials); }

  bool keeps_bytes() const override { return !model_.space_in_front; }

  void encode(std::string_view text, std::vector<int32_t>& ids) const override;
  std::string decode(std::span<const int32_t> ids) const override;

  std::string piece(int32_t id) const override { return model_.pieces[size_t(id)]; }

  const ByteBpeModel& model() const { return model_; }

 private:
  struct Into {
    int32_t rank, id;
  };

  // Merge ids in place; how many are left.
  size_t merge_short(std::span<int32_t> ids) const;
  size_t merge_long(std::span<int32_t> ids) const;
  void encode_pretoken(std::string_view pretoken, PretokenCache& cache,
                       std::vector<int32_t>& ids) const;

  std::unique_ptr<PretokenCache> take_cache() const;

  ByteBpeModel model_;
  std::array<int32_t, 256> byte_ids_;
  PairTable<Into> merges_;
  std::vector<bool> special_;  // by id
  uint64_t content_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<PretokenCache>> caches_;  // those that no thread is using
};

// A model as a tokenizer.json of Hugging Face. Atomic; RuntimeError as of replace_file.
void save_tokenizer_json(const ByteBpeModel& model, const std::string& path);
}  // namespace cambium
