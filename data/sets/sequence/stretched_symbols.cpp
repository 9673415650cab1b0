// Stretched symbols: what a recogniser of speech or of writing faces, in small. Each symbol has a
// sound, a random vector; a sequence says its symbols one after the other, each for a random number
// of frames, with random stretches of silence around them (always one between equal neighbours) and
// noise on everything. The target is the symbols in order; where they stand is not said.
#include <algorithm>

#include "data/generated/generated.h"

namespace cambium::dataset_stretched_symbols {
namespace {
struct StretchedSymbols : SplitCounts {
  int64_t symbols = 10, length = 6, stretch = 4, silence = 2, channels = 8, blank = 0;
  double noise = 0.3;
  bool padded = false;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("symbols", &StretchedSymbols::symbols, "different symbols").in(1, 1 << 16),
          field("length", &StretchedSymbols::length, "symbols of a sequence at most; at least 1")
              .in(1, 1 << 12),
          field("stretch", &StretchedSymbols::stretch, "frames of a symbol at most; at least 1")
              .in(1, 1 << 12),
          field("silence", &StretchedSymbols::silence, "silent frames before a symbol at most")
              .in(1, 1 << 12),
          field("channels", &StretchedSymbols::channels, "C: numbers of a frame").in(1, 1 << 16),
          field("noise", &StretchedSymbols::noise,
                "standard deviation of what is added to every number; sounds have 1")
              .in(0, 1e3),
          field("padded", &StretchedSymbols::padded,
                "a sequence ends behind its last symbol, and what follows is padding: zeros, and "
                "the loss does not look at it; otherwise it is silence and noise"),
          field("blank", &StretchedSymbols::blank,
                "the class that says nothing; the symbols are the others")
              .in(0, 1 << 16)},
      SplitCounts::fields);
};

class StretchedSymbolsSet final : public Dataset {
 public:
  StretchedSymbolsSet(const StretchedSymbols& a, uint64_t seed) : options_(a), seed_(seed) {
    if (a.blank > a.symbols)
      throw OptionError("blank", str("blank = ", a.blank, " of classes 0 to ", a.symbols),
                        str("use blank: 0 to ", a.symbols));
    require_room("symbols", double(a.symbols) * double(a.channels));
    Random random(seed, stream_of("stretched_symbols.sounds"));
    sounds_.resize(size_t(a.symbols * a.channels));
    for (float& x : sounds_) x = float(random.normal());
  }

  DataShape shape(int64_t batch) const override {
    const StretchedSymbols& a = options_;
    return {.domain = Domain::kTokens,
            .x = {DType::kF32, {batch, frames(), a.channels}},
            .target = {DType::kI32, {batch, a.length}},
            .classes = a.symbols + 1,
            .masked = a.padded,
            .least_frames = 2 * a.length - 1,  // all symbols equal
            .blank = int32_t(a.blank)};
  }

  int64_t count(Split split) const override { return options_.of(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const auto row = size_t(frames() * options_.channels), length = size_t(options_.length);
    std::ranges::fill(into.x.f32(), 0.0f);
    if (options_.padded) std::ranges::fill(into.mask.f32(), 0.0f);
    clear_target(into.target);
    for (size_t k = 0; k < indices.size(); ++k) {
      Random random(seed_, stream_of(str("stretched_symbols.", int(split), ".", indices[k])));
      const size_t said = write(into.x.f32().subspan(k * row, row),
                                into.target.i32().subspan(k * length, length), random);
      if (options_.padded)
        std::ranges::fill(into.mask.f32().subspan(k * size_t(frames()), said), 1.0f);
    }
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {
        {"classes", options_.symbols + 1}, {"channels", options_.channels}, {"context", frames()}};
  }

  uint64_t content() const override { return hash_options(options_, seed_); }

  std::string describe() const override {
    const StretchedSymbols& a = options_;
    return str(a.train, " train, ", a.val, " val, ", a.test, " test sequences of 1 to ", a.length,
               " of ", a.symbols, " symbols in ", frames(), " frames, noise ", a.noise,
               a.padded ? ", padded" : "", ", generated");
  }

 private:
  // Room for the longest sequence.
  int64_t frames() const { return options_.length * (options_.stretch + options_.silence); }

  // x [T,C] comes filled with zeros, the target with -1. Answers how many frames are real.
  size_t write(std::span<float> x, std::span<int32_t> target, Random& random) const {
    const StretchedSymbols& a = options_;
    const size_t n = 1 + random.below(uint32_t(a.length)), C = size_t(a.channels);
    size_t frame = 0;
    uint32_t before = uint32_t(a.symbols);  // none
    for (size_t i = 0; i < n; ++i) {
      const uint32_t symbol = random.below(uint32_t(a.symbols)), least = symbol == before;
      frame += least + random.below(uint32_t(a.silence) + 1 - least);
      const size_t end = frame + 1 + random.below(uint32_t(a.stretch));
      for (; frame < end; ++frame) std::copy_n(&sounds_[symbol * C], C, &x[frame * C]);
      target[i] = int32_t(symbol + (symbol >= uint32_t(a.blank)));
      before = symbol;
    }
    if (!a.padded) frame = size_t(frames());
    for (float& v : x.first(frame * C)) v += float(a.noise * random.normal());
    return frame;
  }

  StretchedSymbols options_;
  uint64_t seed_;
  std::vector<float> sounds_;  // [symbols,C]
};
}  // namespace

extern const DatasetKind dataset_stretched_symbols = {
    .name = "stretched_symbols",
    .doc =
        "sequences of symbols, each heard for a random number of noisy frames: which, in order, "
        "without a word on where (loss ctc)",
    .source = "the task of Graves et al. 2006, Connectionist temporal classification, in small",
    .attrs = fields_of<StretchedSymbols>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<StretchedSymbolsSet>(attrs.as<StretchedSymbols>(), seed);
    }};
}  // namespace cambium::dataset_stretched_symbols
