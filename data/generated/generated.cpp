#include "data/generated/generated.h"

#include <algorithm>
#include <charconv>

namespace cambium {
namespace {
class SequenceSet final : public Dataset {
 public:
  SequenceSet(SequenceTask task, uint64_t seed) : task_(std::move(task)), seed_(seed) {}

  DataShape shape(int64_t batch) const override {
    const ValueType sequence{DType::kI32, {batch, task_.context}};
    DataShape shape{.domain = Domain::kIds,
                    .x = {DType::kI32, {batch, read_length()}},
                    .target = sequence,
                    .classes = task_.vocab,
                    .causal = task_.causal,
                    .most_scored = task_.most_scored * batch};
    if (is_pair()) shape.decoder = sequence;
    shape.begin = task_.begin;
    shape.masked = task_.padded;
    return shape;
  }

  int64_t count(Split split) const override { return task_.counts.of(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    const size_t T = size_t(task_.context), S = size_t(read_length());
    const std::span<int32_t> x = into.x.i32(), target = into.target.i32();
    std::span<int32_t> decoder;
    if (is_pair()) decoder = into.decoder.i32();
    std::span<float> mask;
    if (task_.padded) mask = into.mask.f32();
    std::ranges::fill(mask, 0.0f);
    std::ranges::fill(x, is_pair() ? task_.begin : 0);
    std::ranges::fill(target, -1);
    std::ranges::fill(decoder, task_.begin);
    const uint64_t fresh = task_.fresh && split == Split::kTrain ? epoch_seed : 0;
    for (size_t i = 0; i < indices.size(); ++i) {
      const uint64_t example = uint64_t(split) << 62 | uint64_t(indices[i]);
      Random random(seed_ ^ fresh, stream_of(task_.name) ^ example);
      const SequenceExample e{split, indices[i], random, x.subspan(i * S, S),
                              target.subspan(i * T, T)};
      if (is_pair())
        task_.write_pair(e, decoder.subspan(i * T, T),
                         task_.padded ? mask.subspan(i * S, S) : mask);
      else
        task_.write(e);
    }
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", task_.vocab}, {"vocab", task_.vocab}, {"context", task_.context}};
  }

  // The sequences of pairs are written as numbers: "3 1 4".
  std::string decode(std::span<const int32_t> ids) const override {
    std::string text;
    if (!is_pair()) return text;
    for (const int32_t id : ids) text += str(id, " ");
    return text;
  }

  std::vector<int32_t> encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    if (!is_pair()) return ids;
    for (size_t end = 0; !text.empty(); text.remove_prefix(end)) {
      text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \n")));
      end = std::min(text.size(), text.find_first_of(" \n"));
      if (end > 0) ids.push_back(symbol_of(text.substr(0, end)));
    }
    return ids;
  }

  uint64_t content() const override {
    return hash_text(str(task_.name, " ", task_.options, " ", seed_));
  }

  std::string describe() const override {
    return str(task_.counts.train, " train, ", task_.counts.val, " val, ", task_.counts.test,
               is_pair() ? " test pairs of sequences of " : " test sequences of ",
               task_.padded ? "up to " : "", is_pair() ? str(task_.source, " and ") : "",
               task_.context, " tokens, ", task_.vocab, " symbols, generated",
               task_.fresh ? " anew each epoch" : "");
  }

  std::vector<ReferenceLoss> reference_losses() const override { return task_.reference_losses; }

 private:
  bool is_pair() const { return task_.source > 0; }

  int64_t read_length() const { return is_pair() ? task_.source : task_.context; }

  int32_t symbol_of(std::string_view word) const {
    int32_t id = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size() || id < 0 || id >= task_.vocab)
      throw UserError(str("'", word, "' is no symbol"),
                      str("symbols are the numbers from 0 to ", task_.vocab - 1));
    return id;
  }

  SequenceTask task_;
  uint64_t seed_;
};
}  // namespace

std::unique_ptr<Dataset> open_sequences(SequenceTask task, uint64_t seed) {
  return std::make_unique<SequenceSet>(std::move(task), seed);
}

void require_even(const std::string& option, int64_t value, std::string_view why) {
  if (value % 2)
    throw OptionError(option, str(option, " = ", value, " is odd; ", why),
                      str("use ", option, ": ", value + 1));
}
}  // namespace cambium
