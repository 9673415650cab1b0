// Bits per byte: losses of text in a measure that does not depend on its vocabulary.
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/text/json.h"
#include "data/tokenizers/tokenizer.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/checkpoint.h"

namespace cambium::bits_per_byte_test {
namespace {
using test::open_text;
using test::TempFolder;

std::string spec_of(const TempFolder& folder, const std::string& data) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "the function returns \u00e9t\u00e9 a vector of words. ";
  replace_file(folder.path("t.txt"), text);
  return str("data: {", data, ": {path: ", folder.path("t.txt"), ", context: 8, val: 0.2",
             data == "text_tokens"
                 ? str(", tokenizer: ", CAMBIUM_SOURCE_DIR, "/tests/golden/tokenizers/bpe512.json")
                 : std::string(),
             "}}\nmodel: [{embed: 8}, {linear: $classes}]\n"
             "train: {batch: 4, steps: 4, eval_every: 2}\n");
}

// How many bytes all targets of validation stand for.
int64_t target_bytes(const Dataset& data) {
  const std::vector<int32_t> bytes = data.symbol_bytes();
  int64_t sum = 0;
  for (int64_t i = 0; i < data.count(Split::kValidation); ++i) {
    Batch batch = allocate_batch(data.shape(1));
    data.read(Split::kValidation, std::vector{i}, 0, batch);
    for (const int32_t target : batch.target.i32())
      if (target >= 0) sum += bytes[size_t(target)];
  }
  return sum;
}

TEST(BitsPerByte, AreTheLossOfAllTargetsByTheirBytes) {
  for (const char* kind : {"text_bytes", "text_chars", "text_tokens"}) {
    const TempFolder folder;
    const Experiment e = open_text(folder, spec_of(folder, kind));
    test::Remember seen;
    run_training(e, {.folder = folder.path("run")}, seen);
    const Metrics m = seen.evaluations.at(0).metrics;
    const double nats = m.loss * double(m.scored);
    const double bytes = double(target_bytes(*e.data));
    EXPECT_NEAR(m.bits_per_byte, nats / std::numbers::ln2 / bytes, 1e-9) << kind;
    const bool one_each = std::string_view(kind) == "text_bytes";
    EXPECT_EQ(bytes == double(m.scored), one_each) << kind;
    EXPECT_TRUE(read_file(folder.path("run/log.jsonl")).find("\"val.bits_per_byte\"") !=
                std::string::npos);
  }
}

TEST(BitsPerByte, TheBytesOfAllTokensAreThoseOfTheText) {
  const TempFolder folder;
  const Experiment e = open_text(folder, spec_of(folder, "text_tokens"));
  const auto t = load_tokenizer(CAMBIUM_SOURCE_DIR "/tests/golden/tokenizers/bpe512.json");
  const std::string text = read_file(folder.path("t.txt"));
  std::vector<int32_t> ids;
  t->encode(text, ids);
  int64_t sum = 0;
  for (const int32_t id : ids) sum += e.data->symbol_bytes()[size_t(id)];
  EXPECT_EQ(sum, int64_t(text.size()));
  EXPECT_EQ(e.data->symbol_bytes()[size_t(*t->begin())], 0);
}

TEST(BitsPerByte, MayChooseTheBestWeights) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, spec_of(folder, "text_tokens"), {"train.best=val.bits_per_byte"});
  test::Remember seen;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, seen);
  EXPECT_EQ(r.state.best->metrics.bits_per_byte,
            std::min(seen.evaluations[0].metrics.bits_per_byte,
                     seen.evaluations[1].metrics.bits_per_byte));
}

TEST(BitsPerByte, AreRefusedWhereSymbolsStandForNoBytes) {
  const TempFolder folder;
  const auto e = test::error_of([&] {
    open_text(folder, test::markov_spec("{batch: 8, steps: 4, best: val.bits_per_byte}"));
  });
  EXPECT_STREQ(e.what(),
               "there is no val.bits_per_byte: the data's targets are classes, of no known number "
               "of bytes");
}

TEST(BitsPerByte, AreShownAndKept) {
  Metrics m{.loss = 1, .accuracy = 0.5, .scored = 3};
  EXPECT_EQ(to_text(m), "loss 1.0000, accuracy 50.00 %");
  EXPECT_THROW(m.at("bits_per_byte"), UserError);
  m.bits_per_byte = 2.25;
  EXPECT_EQ(to_text(m), "loss 1.0000, accuracy 50.00 %, 2.2500 bits per byte");
  EXPECT_EQ(m.at("bits_per_byte"), 2.25);
  EXPECT_EQ(to_json(m)["bits_per_byte"], 2.25);
  EXPECT_FALSE(higher_is_better("val.bits_per_byte"));
}
}  // namespace
}  // namespace cambium::bits_per_byte_test
