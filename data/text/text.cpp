#include "data/text/text.h"

#include <algorithm>

#include "core/rng.h"
#include "data/text/ngram.h"
#include "data/text/token_names.h"

namespace cambium {
namespace {
// The floor looks at no more than this, so that it takes seconds whatever the file's size.
constexpr int64_t kFloorTrain = int64_t(1) << 22, kFloorVal = int64_t(1) << 20;

struct Part {
  int64_t begin = 0, size = 0;
};

class TextSet final : public Dataset, public NamesTokens {
 public:
  TextSet(const TextOptions& options, std::unique_ptr<Symbols> text)
      : options_(options), text_(std::move(text)) {
    if (options.val == 0 || options.val + options.test >= 1)
      throw OptionError("val", str("val = ", options.val, " and test = ", options.test,
                                   " must both leave something: 0 < val and val + test < 1"));
    // The small term keeps 0.9 x 10 at 9 when 1 - 0.1 rounds down.
    const auto part = [&](double f) { return int64_t(f * double(text_->size()) + 1e-9); };
    const int64_t train = part(1 - options.val - options.test);
    const int64_t val = options.test > 0 ? part(options.val) : text_->size() - train;
    parts_[0] = {0, train};
    parts_[1] = {train, val};
    parts_[2] = options.test > 0 ? Part{train + val, text_->size() - train - val} : parts_[1];
    check_sizes();
  }

  DataShape shape(int64_t batch) const override {
    return {.domain = Domain::kIds,
            .x = {DType::kI32, {batch, options_.context}},
            .target = {DType::kI32, {batch, options_.context}},
            .classes = text_->classes(),
            .causal = true};
  }

  int64_t count(Split split) const override {
    const int64_t T = options_.context, n = parts_[size_t(split)].size;
    return split == Split::kTrain ? std::max<int64_t>(1, n / T - 1) : (n - 1 + T - 1) / T;
  }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    const int64_t T = options_.context;
    const Part& part = parts_[size_t(split)];
    const std::span<int32_t> x = into.x.i32(), target = into.target.i32();
    std::ranges::fill(x, 0);
    std::ranges::fill(target, -1);
    const int64_t phase = split == Split::kTrain ? phase_of(epoch_seed) : 0;
    for (size_t i = 0; i < indices.size(); ++i) {
      const int64_t begin = indices[i] * T + phase;
      const size_t length = size_t(std::min(T, part.size - 1 - begin));
      text_->copy(part.begin + begin, x.subspan(i * size_t(T), length));
      text_->copy(part.begin + begin + 1, target.subspan(i * size_t(T), length));
    }
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {
        {"classes", text_->classes()}, {"vocab", text_->classes()}, {"context", options_.context}};
  }

  uint64_t content() const override { return text_->content(); }

  std::string describe() const override {
    return str(parts_[0].size, " train, ", parts_[1].size, " val ", text_->unit(), ", ",
               text_->classes(), " symbols, from ", options_.path);
  }

  std::string decode(std::span<const int32_t> ids) const override { return text_->decode(ids); }

  std::string token_name(int32_t id) const override {
    const auto* named = dynamic_cast<const NamesTokens*>(text_.get());
    return named ? named->token_name(id) : text_->decode(std::span(&id, 1));
  }

  std::vector<int32_t> encode(std::string_view text) const override { return text_->encode(text); }

  std::vector<int32_t> symbol_bytes() const override { return text_->symbol_bytes(); }

  std::vector<ReferenceLoss> reference_losses() const override {
    if (options_.floor_order == 0) return {};
    const int64_t train = std::min(parts_[0].size, kFloorTrain);
    std::vector<int32_t> text(size_t(train + std::min(parts_[1].size, kFloorVal)));
    text_->copy(parts_[1].begin - train, text);
    std::vector<ReferenceLoss> losses;
    losses.push_back({"unigram", witten_bell_loss(text, train, text_->classes(), 1)});
    if (options_.floor_order > 1)
      losses.push_back({str(options_.floor_order, "-gram"),
                        witten_bell_loss(text, train, text_->classes(), options_.floor_order)});
    return losses;
  }

 private:
  void check_sizes() const {
    const int64_t T = options_.context, train = parts_[0].size;
    if (train < T + 1)
      throw OptionError("context",
                        str("context = ", T, " needs at least ", T + 1, " training symbols, ",
                            options_.path, " has ", train, " (", text_->size(), " in all)"),
                        "use a longer text or a shorter context");
    for (const Part& part : parts_)
      if (part.size < 2)
        throw OptionError("path",
                          str(options_.path, ": a split of ", part.size, " symbols (",
                              text_->size(), " in all) has nothing to predict"),
                          "use a longer text or a larger val and test");
  }

  // The last window must end one symbol before the end of the training part.
  int64_t phase_of(uint64_t epoch_seed) const {
    if (epoch_seed == 0) return 0;
    const int64_t room = parts_[0].size - count(Split::kTrain) * options_.context;
    const uint32_t phases = uint32_t(std::min(options_.context, room));
    return Random(epoch_seed, stream_of("text.phase")).below(phases);
  }

  TextOptions options_;
  std::unique_ptr<Symbols> text_;
  Part parts_[3];  // by Split
};
}  // namespace

std::unique_ptr<Dataset> open_text(const TextOptions& options, std::unique_ptr<Symbols> text) {
  return std::make_unique<TextSet>(options, std::move(text));
}
}  // namespace cambium
