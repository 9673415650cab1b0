// What is wrong with a model in Hugging Face's layout is said, with the key or the tensor.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "train/hub/export_hub.h"

namespace cambium::hub_mistakes_test {
namespace {
// A copy of a small checkpoint that may be spoilt.
class HubMistakes : public testing::Test {
 protected:
  void take(const std::string& name) {
    for (const char* file : {"config.json", "model.safetensors"})
      std::filesystem::copy_file(str(CAMBIUM_SOURCE_DIR "/tests/golden/hub/", name, "/", file),
                                 path(file), std::filesystem::copy_options::overwrite_existing);
  }

  std::string path(const std::string& file) const { return temp_.path(file); }

  std::string folder() const { return std::filesystem::path(path("x")).parent_path().string(); }

  void set(const std::string& key, const Json& value) {
    Json config = load_json(path("config.json"));
    config[key] = value;
    replace_file(path("config.json"), to_text(config));
  }

  void change(const std::function<void(std::map<std::string, Tensor, std::less<>>&)>& f) {
    SafeTensors file = read_safetensors(path("model.safetensors"));
    f(file.tensors);
    std::map<std::string, const Tensor*, std::less<>> all;
    for (const auto& [name, t] : file.tensors) all[name] = &t;
    write_safetensors(path("model.safetensors"), all, {});
  }

  UserError error(const HubOptions& options = {}) const {
    return test::error_of([&] { import_hub(folder(), options); });
  }

  // The text and the cure of what importing says.
  void expect(std::string_view what, std::string_view help) const {
    const UserError e = error();
    EXPECT_NE(std::string(e.what()).find(what), std::string::npos) << e.what();
    EXPECT_NE(e.help.find(help), std::string::npos) << e.help;
  }

 private:
  test::TempFolder temp_;
};

TEST_F(HubMistakes, AKeyThatNoSpecCanSay) {
  take("llama");
  set("rope_scaling", Json{{"type", "linear"}, {"factor", 2.0}});
  expect("'rope_scaling' is {\"type\":\"linear\",\"factor\":2.0}, and only null can be said here",
         "take a model without rope_scaling");
}

TEST_F(HubMistakes, AnUnknownKey) {
  take("llama");
  set("rope_thetta", 500000);
  expect("the key 'rope_thetta' (500000) is not known of llama", "did you mean 'rope_theta'");
  take("gpt2");
  set("attn_logit_cap", 30);
  expect("the key 'attn_logit_cap' (30) is not known of gpt2", "`harmless:` of");
}

TEST_F(HubMistakes, AnArgumentOfTimmsModel) {
  take("vit_timm");
  set("model_args", Json{{"num_heads", 3}, {"act_layer", "gelu_tanh"}});
  expect("the key 'model_args.act_layer' (\"gelu_tanh\") is not known of vit_timm",
         "`harmless:` of");
}

TEST_F(HubMistakes, AValueThatOurModelsDoNotHave) {
  take("gpt2");
  set("activation_function", "quick_gelu");
  expect("'activation_function' is 'quick_gelu', which our models do not have", "gelu_new");
}

TEST_F(HubMistakes, AWindowInSomeLayersAlone) {
  take("qwen2");
  set("use_sliding_window", true);
  expect("'use_sliding_window' is true, and only false can be said here", "some layers alone");
}

TEST_F(HubMistakes, AKeyThatTheTypeDoesNotHave) {
  take("llama");
  set("sliding_window", 5);
  expect("'sliding_window' is 5, which models of the type llama do not have", "it is 0 there");
}

TEST_F(HubMistakes, AMissingKey) {
  take("llama");
  Json config = load_json(path("config.json"));
  config.erase("hidden_size");
  replace_file(path("config.json"), to_text(config));
  expect("'hidden_size' is missing", "it sets dim of the model");
}

TEST_F(HubMistakes, AnUnknownModelTypeListsTheKnown) {
  take("llama");
  set("model_type", "lama");
  expect("model_type is \"lama\", which no mapping file knows", "did you mean 'llama'?");
  expect("",
         "known: bert, convnext, gpt2, llama, mistral, qwen2, qwen3, mamba, resnet, t5 and vit");
}

TEST_F(HubMistakes, NoConfig) {
  take("llama");
  std::filesystem::remove(path("config.json"));
  expect("there is no config.json in", "put it beside the weights");
}

TEST_F(HubMistakes, ATensorOfAnotherShape) {
  take("llama");
  set("intermediate_size", 38);
  expect("'model.layers.0.mlp.gate_proj.weight' is [37,24], and config.json makes it f32[38,24]",
         "another config.json");
}

TEST_F(HubMistakes, FewerAndMoreLayers) {
  take("llama");
  set("num_hidden_layers", 1);
  expect("nothing is known of the tensor 'model.layers.1.", "config.json says a smaller model");
  set("num_hidden_layers", 3);
  expect("there is no tensor 'model.layers.2.", "did you mean 'model.layers.");
}

TEST_F(HubMistakes, AnUnknownTensor) {
  take("mamba");
  change([](auto& all) { all.emplace("backbone.extra", Tensor(DType::kF32, {3})); });
  expect("nothing is known of the tensor 'backbone.extra' [3]", "`kept:` of");
}

TEST_F(HubMistakes, ATiedTensorThatIsNotEqual) {
  take("qwen3");
  change([](auto& all) { all.find("lm_head.weight")->second.f32()[5] += 1; });
  expect("'lm_head.weight' is not equal to 'model.embed_tokens.weight'",
         "tie_word_embeddings: false");
}

TEST_F(HubMistakes, APickle) {
  take("gpt2");
  std::filesystem::rename(path("model.safetensors"), path("pytorch_model.bin"));
  expect("pytorch_model.bin' is a pickle by its name, which runs code", "save_file");
}

TEST_F(HubMistakes, AMissingShard) {
  take("gpt2");
  std::filesystem::remove(path("model.safetensors"));
  replace_file(
      path("model.safetensors.index.json"),
      R"({"metadata": {}, "weight_map": {"wte.weight": "model-00001-of-00002.safetensors"}})");
  expect("model-00001-of-00002.safetensors", "");
}

TEST_F(HubMistakes, ATokenizerOfAnotherSize) {
  take("llama");
  const std::string tokenizer = test::data_path("weights/stories260K/tok512.bin");
  test::skip_without(tokenizer);
  replace_file(path("text.txt"), "once upon a time");
  const UserError e = error({.maps = {}, .text = path("text.txt"), .tokenizer = tokenizer});
  EXPECT_NE(std::string(e.what()).find("has 512 tokens, the model 41"), std::string::npos)
      << e.what();
}

TEST_F(HubMistakes, ATextWithoutATokenizer) {
  take("llama");
  const UserError e = error({.maps = {}, .text = path("config.json"), .tokenizer = {}});
  EXPECT_NE(e.help.find("--tokenizer"), std::string::npos) << e.what();
}
}  // namespace
}  // namespace cambium::hub_mistakes_test
