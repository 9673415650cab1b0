// Import: a published model of llama2.c tells its published story, token for token.
#include <array>
#include <cstring>

#include "core/system/files.h"
#include "core/text/json.h"
#include "data/text/bpe.h"
#include "tests/support/data/test_data.h"
#include "train/generate/generate.h"
#include "train/hub/llama2c.h"
#include "train/run/trainer.h"

namespace cambium::import_test {
namespace {
struct Story {
  std::string model = test::data_path("weights/stories260K/stories260K.bin");
  std::string tokenizer = test::data_path("weights/stories260K/tok512.bin");
  std::string text = test::data_path("weights/stories260K/stories260K.md");
  Json reference = Json::parse(read_file(test::data_path("weights/stories260K/reference.json")));
};

class Bpe : public testing::Test {
 protected:
  void SetUp() override {
    test::skip_without(test::data_path("weights/stories260K/stories260K.bin"));
  }
};

using Import = Bpe;

TEST_F(Bpe, EncodesAsTheProgramThatTrainedTheModel) {
  const Story s;
  const BpeTokenizer tokenizer(s.tokenizer);
  const Json& scored = s.reference.at("scored_text");
  std::vector<int32_t> ids = tokenizer.encode(scored.at("text").get<std::string>());
  ids.insert(ids.begin(), BpeTokenizer::kBegin);
  EXPECT_EQ(ids, scored.at("token_ids").get<std::vector<int32_t>>());
}

TEST_F(Bpe, SpellsWhatItDoesNotKnowInBytes) {
  const BpeTokenizer tokenizer(Story().tokenizer);
  const std::string text = "na\xC3\xAFve \xE2\x82\xAC";
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), " " + text);
}

TEST_F(Import, ThePublishedModelTellsItsStoryTokenForToken) {
  const Story s;
  const test::TempFolder temp;
  const std::string folder = temp.path("run");
  write_hub(import_llama2c(s.model, s.tokenizer, s.text), folder);
  const Experiment e = open_experiment(load_spec(folder + "/spec.yaml"));
  Generator generator(e, load_weights(folder, true).tensors, folder);
  const auto ids = s.reference.at("greedy_from_BOS").at("token_ids").get<std::vector<int32_t>>();
  std::string story;
  generator.run("", int64_t(ids.size()) - 1, {.temperature = 0}, [&](std::string_view piece) {
    story += piece;
    return true;
  });
  EXPECT_EQ(story, BpeTokenizer(s.tokenizer).decode(ids));
}

// The same model with its output matrix written out behind the rest, as files whose vocabulary is
// negative have it, is the same model.
TEST_F(Import, AnOutputMatrixOfItsOwnIsTaken) {
  const Story s;
  const test::TempFolder temp;
  std::string bytes = read_file(s.model);
  std::array<int32_t, 7> header;
  std::memcpy(header.data(), bytes.data(), sizeof header);
  const size_t table = size_t(header[5]) * size_t(header[0]) * sizeof(float);
  bytes += bytes.substr(sizeof header, table);
  header[5] = -header[5];
  std::memcpy(bytes.data(), header.data(), sizeof header);
  replace_file(temp.path("untied.bin"), bytes);
  const HubModel tied = import_llama2c(s.model, s.tokenizer, s.text);
  const HubModel own = import_llama2c(temp.path("untied.bin"), s.tokenizer, s.text);
  EXPECT_EQ(own.model.spec.find("tie:"), own.model.spec.npos) << own.model.spec;
  const std::span<const float> from = tied.model.tensors.at("tokens.table").f32();
  const std::span<const float> to = own.model.tensors.at("linear.weight").f32();
  ASSERT_EQ(from.size(), to.size());
  for (size_t v = 0; v < 512; ++v) EXPECT_EQ(from[v * size_t(header[0])], to[v]);
  write_hub(own, temp.path("run"));
  const Experiment e = open_experiment(load_spec(temp.path("run/spec.yaml")));
  Generator generator(e, load_weights(temp.path("run"), true).tensors, temp.path("run"));
  const auto ids = s.reference.at("greedy_from_BOS").at("token_ids").get<std::vector<int32_t>>();
  std::string story;
  generator.run("", 40, {.temperature = 0}, [&](std::string_view piece) {
    story += piece;
    return true;
  });
  EXPECT_TRUE(BpeTokenizer(s.tokenizer).decode(ids).starts_with(story)) << story;
}

TEST_F(Import, ARunGoesOnFromTheWeightsAndTheirScore) {
  const Story s;
  const test::TempFolder temp;
  const std::string folder = temp.path("run");
  write_hub(import_llama2c(s.model, s.tokenizer, s.text), folder);
  const Metrics before = load_checkpoint(folder).state.best.value().metrics;
  EXPECT_GT(before.scored, 0);
  EXPECT_LT(before.loss, 3.0);  // log(512) = 6.2 is no model at all
  const Experiment e = open_experiment(load_spec(folder + "/spec.yaml"));
  Progress quiet;
  int steps = 0;
  const RunResult r = run_training(
      e, {.folder = folder, .resume = true, .stop = [&] { return ++steps == 2; }}, quiet);
  EXPECT_EQ(r.state.step, 2);
  EXPECT_EQ(load_checkpoint(folder).state.step, 2);
}

TEST_F(Import, RefusesAFileThatEndsEarly) {
  const Story s;
  const test::TempFolder temp;
  const std::string file = temp.path("short.bin"), content = read_file(s.model);
  replace_file(file, content.substr(0, 100000));
  try {
    import_llama2c(file, s.tokenizer, s.text);
    FAIL();
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("bytes too early for the sizes in its header"),
              std::string::npos)
        << e.what();
  }
}

TEST_F(Import, RefusesWhatIsNoModel) {
  const Story s;
  try {
    import_llama2c(s.text, s.tokenizer, s.text);
    FAIL();
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("not a model of llama2.c"), std::string::npos) << e.what();
  }
}
}  // namespace
}  // namespace cambium::import_test
