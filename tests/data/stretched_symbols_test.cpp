// stretched_symbols: what is heard is what is asked for.
#include <algorithm>

#include "tests/data/support.h"

namespace cambium::stretched_symbols_test {
namespace {
// Without noise every frame is a sound or silence: the sequence can be read back.
std::vector<int32_t> heard(const Batch& b, const DataShape& shape, size_t example,
                           std::vector<std::vector<float>>& sounds) {
  const auto T = size_t(shape.x.shape[1]), C = size_t(shape.x.shape[2]);
  std::vector<int32_t> out;
  int32_t before = -1;
  for (size_t t = 0; t < T; ++t) {
    const std::span<const float> frame = b.x.f32().subspan((example * T + t) * C, C);
    int32_t now = -1;
    if (std::ranges::any_of(frame, [](float v) { return v != 0; })) {
      const std::vector<float> sound(frame.begin(), frame.end());
      now = int32_t(std::ranges::find(sounds, sound) - sounds.begin());
      if (size_t(now) == sounds.size()) sounds.push_back(sound);
    }
    if (now >= 0 && now != before) out.push_back(now);
    before = now;
  }
  return out;
}

TEST(StretchedSymbols, TheTargetIsWhatIsHeard) {
  for (const int32_t blank : {0, 2, 4}) {
    const auto data = open_text_spec(
        str("data: {stretched_symbols: {symbols: 4, noise: 0, blank: ", blank, "}}"));
    const DataShape shape = data->shape(50);
    EXPECT_EQ(shape.target_kind(), TargetKind::kSequences);
    EXPECT_EQ(shape.classes, 5);
    EXPECT_EQ(shape.blank, blank);
    EXPECT_EQ(shape.output(), Shape({50, shape.x.shape[1], 5}));
    std::vector<int64_t> indices(50);
    std::iota(indices.begin(), indices.end(), 0);
    const Batch b = read_batch(*data, Split::kTrain, indices);
    std::vector<std::vector<float>> sounds;
    std::vector<int32_t> id;  // of each sound
    bool twice = false;
    for (size_t k = 0; k < 50; ++k) {
      const std::vector<int32_t> said = heard(b, shape, k, sounds);
      id.resize(sounds.size(), -1);
      const std::span<const int32_t> target =
          b.target.i32().subspan(k * size_t(shape.target.shape[1]), size_t(shape.target.shape[1]));
      ASSERT_LE(said.size(), target.size());
      for (size_t i = 0; i < target.size(); ++i) {
        if (i >= said.size()) {
          EXPECT_EQ(target[i], -1);
          continue;
        }
        EXPECT_TRUE(target[i] >= 0 && target[i] < 5 && target[i] != blank);
        int32_t& known = id[size_t(said[i])];
        if (known < 0) known = target[i];
        EXPECT_EQ(known, target[i]);
        twice |= i > 0 && target[i] == target[i - 1];
      }
      EXPECT_GE(said.size(), 1u);
    }
    EXPECT_EQ(sounds.size(), 4u);
    EXPECT_TRUE(twice);  // equal neighbours occur, with silence between them
  }
}

TEST(StretchedSymbols, AsksForFramesThatEveryTargetFits) {
  const auto data =
      open_text_spec("data: {stretched_symbols: {symbols: 1, length: 5, stretch: 1, silence: 1}}");
  EXPECT_EQ(data->shape(1).least_frames, 9);
  EXPECT_EQ(data->shape(1).x.shape[1], 10);
  const Batch b = read_batch(*data, Split::kTest, {0}, 0, 3);  // two of padding
  EXPECT_TRUE(std::ranges::all_of(b.target.i32().subspan(5), [](int32_t t) { return t == -1; }));
}

TEST(StretchedSymbols, PaddingBeginsBehindTheLastSymbol) {
  const std::string silent = "data: {stretched_symbols: {symbols: 4, noise: 0";
  const auto whole = open_text_spec(silent + "}}"),
             padded = open_text_spec(silent + ", padded: true}}");
  const auto noisy = open_text_spec("data: {stretched_symbols: {symbols: 4, padded: true}}");
  EXPECT_TRUE(padded->shape(1).masked);
  const auto T = size_t(padded->shape(1).x.shape[1]), C = size_t(padded->shape(1).x.shape[2]);
  for (int64_t k = 0; k < 50; ++k) {
    const Batch a = read_batch(*whole, Split::kTrain, {k}),
                b = read_batch(*padded, Split::kTrain, {k}, 0, 2);
    const Batch c = read_batch(*noisy, Split::kTrain, {k});
    EXPECT_TRUE(std::ranges::equal(a.x.f32(), b.x.f32().first(T * C)));
    EXPECT_TRUE(std::ranges::equal(b.mask.f32().first(T), c.mask.f32()));
    size_t last = T;  // one behind the last frame with a sound
    while (
        std::ranges::all_of(a.x.f32().subspan((last - 1) * C, C), [](float v) { return v == 0; }))
      --last;
    for (size_t t = 0; t < T; ++t) {
      EXPECT_EQ(b.mask.f32()[t], t < last);
      EXPECT_EQ(b.mask.f32()[T + t], 0);  // of an example that is padding itself
      EXPECT_EQ(c.x.f32()[t * C] != 0, t < last);
    }
  }
}

TEST(StretchedSymbols, TheBlankIsAClass) {
  const UserError e = error_of("data: {stretched_symbols: {symbols: 3, blank: 4}}");
  EXPECT_STREQ(e.what(), "stretched_symbols: blank = 4 of classes 0 to 3");
  EXPECT_EQ(e.help, "use blank: 0 to 3");
}
}  // namespace
}  // namespace cambium::stretched_symbols_test
