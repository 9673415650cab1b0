// Runs that began here go out and come back; models of llama2.c through Hugging Face's layout too.
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/relative_error.h"
#include "tests/train/hub/hub_values.h"
#include "train/hub/llama2c.h"

namespace cambium::hub_runs_test {
namespace {
struct Own {
  const char *config, *family;
  std::vector<std::string> set;
};

const std::string kModels = CAMBIUM_SOURCE_DIR "/configs/models/";
const std::vector<std::string> kText = {"vars.dim=24", "vars.layers=2", "vars.heads=3",
                                        "data.random_tokens.context=10",
                                        "data.random_tokens.vocab=50"};

std::vector<Own> own_models() {
  const std::vector<std::string> qwen = {"vars.vocab=50", "vars.dim=24", "vars.layers=2",
                                         "data.random_tokens.context=10"};
  const std::vector<std::string> mamba = {"vars.dim=24", "vars.layers=2",
                                          "data.random_tokens.vocab=50"};
  const std::vector<std::string> vit = {"vars.dim=24",
                                        "vars.layers=2",
                                        "vars.heads=3",
                                        "data.random_images.height=32",
                                        "data.random_images.width=32",
                                        "data.random_images.classes=7"};
  return {{"gpt2_small", "gpt2", kText},
          {"llama_stories15m", "llama", kText},
          {"qwen3_like", "llama", qwen},
          {"mamba_130m", "mamba", mamba},
          {"vit_b16", "vit", vit}};
}

class OwnModel : public testing::TestWithParam<Own> {};

TEST_P(OwnModel, GoesOutAndAnswersTheSameWhenItComesBack) {
  const Spec spec = load_spec(str(kModels, GetParam().config, ".yaml"), GetParam().set);
  const Experiment e = open_experiment(spec);
  SafeTensors file;
  Batch batch = allocate_batch(e.data->shape(2));
  const int64_t both[] = {0, 1};
  e.data->read(Split::kTrain, both, 0, batch);
  file.tensors.emplace("x", batch.x.clone());
  test::HubModelValues ours(to_yaml(spec.root), file);
  auto weights = ours.weights();
  Random random(1, 1);
  for (auto& [name, t] : weights)  // so that norms and biases are not what they start as
    for (float& v : t.f32()) v += 0.1f * (random.uniform() - 0.5f);
  const HubExport out = export_hub(e, weights, nullptr, {}, "hf", "");
  EXPECT_EQ(out.family, GetParam().family);
  const test::TempFolder temp;
  write_export(out, temp.path("out"), false);
  const HubModel back = import_hub(temp.path("out"), {});
  const Tensor a = ours.logits(weights, file);
  const Tensor b = test::HubModelValues(back.model.spec, file).logits(back.model.tensors, file);
  EXPECT_LT(relative_error(b, a), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Configs, OwnModel, testing::ValuesIn(own_models()),
                         [](const auto& info) { return std::string(info.param.config); });

// T5's scores are not divided; configs/models/t5_small_like.yaml divides them.
TEST(HubExports, WhatIsNearlyOfAFamilyIsToldWhereItIsNot) {
  const Experiment e = open_experiment(
      load_spec(kModels + "t5_small_like.yaml",
                std::vector<std::string>{"vars.dim=16", "vars.layers=1", "vars.vocab=20"}));
  const UserError error = test::error_of([&] { export_hub(e, {}, nullptr, {}, "hf", ""); });
  EXPECT_STREQ(error.what(),
               "the model is not one of the family t5: 'encoder.repeat.0.residual.attention' has "
               "scale = 0 where there is 1 ('encoder.repeat.0.residual.attention' there)");
  EXPECT_EQ(error.mark.line, 11);
}

std::string bytes_between(const std::string& file, size_t begin, size_t end) {
  return file.substr(begin, end - begin);
}

TEST(HubExports, AModelOfLlama2cComesBackBitForBit) {
  const std::string model = test::data_path("weights/stories260K/stories260K.bin");
  test::skip_without(model);
  const test::TempFolder temp;
  const HubModel taken = import_llama2c(model, "", "");
  const Experiment e = open_experiment({"spec", parse_yaml(taken.model.spec, "spec")});
  write_export(export_hub(e, taken.model.tensors, &taken.origin, {}, "hf", ""), temp.path("hf"),
               false);
  const HubModel again = import_hub(temp.path("hf"), {});
  write_llama2c(export_hub(e, again.model.tensors, &again.origin, {}, "hf", ""),
                temp.path("model.bin"));
  const std::string was = read_file(model), is = read_file(temp.path("model.bin"));
  ASSERT_EQ(is.size(), was.size());
  const size_t weights = sizeof(int32_t) * 7 + sizeof(float) * 260032;
  EXPECT_EQ(bytes_between(is, 0, weights), bytes_between(was, 0, weights));
  for (size_t at = weights; at < was.size(); at += sizeof(float)) {  // cosines and sines
    float a, b;
    std::memcpy(&a, was.data() + at, sizeof a);
    std::memcpy(&b, is.data() + at, sizeof b);
    ASSERT_NEAR(a, b, 1e-6) << at;
  }
}

TEST(HubExports, SixteenBitsAreThoseThatWereRead) {
  const std::string from = CAMBIUM_SOURCE_DIR "/tests/golden/hub/mamba";
  const test::TempFolder temp;
  const auto once = [&](const std::string& folder, const std::string& to) {
    const HubModel m = import_hub(folder, {});
    const Experiment e = open_experiment({"spec", parse_yaml(m.model.spec, "spec")});
    write_export(export_hub(e, m.model.tensors, &m.origin, {}, "hf", ""), temp.path(to), true);
    return read_file(temp.path(to + "/model.safetensors"));
  };
  make_folders(temp.path("in"));
  for (const char* file : {"/config.json", "/model.safetensors"})
    replace_file(temp.path("in") + file, read_file(from + file));
  const std::string first = once(temp.path("in"), "first");
  EXPECT_LT(first.size(), read_file(from + "/model.safetensors").size());
  EXPECT_EQ(once(temp.path("first"), "second"), first);
}

TEST(HubExports, Llama2cRunsNoOtherModels) {
  const test::TempFolder temp;
  const auto refused = [&](HubExport model, std::string_view why) {
    const UserError e = test::error_of([&] { write_llama2c(model, temp.path("model.bin")); });
    EXPECT_NE(std::string(e.what()).find(why), std::string::npos) << e.what();
  };
  refused({.family = "gpt2"}, "of the family gpt2");
  HubExport qwen{.family = "llama"};
  qwen.config = std::make_shared<const Json>(Json{{"model_type", "qwen3"}});
  refused(std::move(qwen), "of the type qwen3");
  HubExport turned{.family = "llama"};
  turned.config =
      std::make_shared<const Json>(Json{{"model_type", "llama"}, {"rope_theta", 500000.0}});
  refused(std::move(turned), "rope_theta");
}
}  // namespace
}  // namespace cambium::hub_runs_test
