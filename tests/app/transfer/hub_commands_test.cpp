// cambium import and export: models of other programs in and out, and what is wrong said.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::hub_commands_test {
namespace {
using test::Ran;
using test::run_words;

class HubCommands : public testing::Test {
 protected:
  HubCommands() {
    make_folders(model());
    for (const char* file : {"/config.json", "/model.safetensors"})
      std::filesystem::copy_file(str(CAMBIUM_SOURCE_DIR "/tests/golden/hub/llama", file),
                                 model() + file);
  }

  std::string model() const { return temp_.path("llama"); }

  std::string path(const std::string& name) const { return temp_.path(name); }

  static void expect_error(const std::vector<std::string>& words, std::string_view text) {
    const Ran ran = run_words(words);
    EXPECT_EQ(ran.code, kExitUser) << ran.out;
    EXPECT_NE(ran.err.find(text), std::string::npos) << ran.err;
  }

 private:
  test::TempFolder temp_;
};

TEST_F(HubCommands, InAndOutAgain) {
  const Ran in = run_words({"import", model(), "-o", path("run")});
  EXPECT_EQ(in.code, 0) << in.err;
  EXPECT_NE(in.out.find("2 tensors computed here instead"), std::string::npos) << in.out;
  EXPECT_EQ(run_words({"show", path("run")}).code, 0);
  const Ran out = run_words({"export", path("run"), "--to", "hf", "-o", path("back"), "--json"});
  EXPECT_EQ(out.code, 0) << out.err;
  EXPECT_EQ(parse_json(out.out, "out").at("tensors").get<int>(), 21);
  EXPECT_EQ(load_json(path("back/config.json")), load_json(model() + "/config.json"));
  const Ran plain = run_words({"export", path("run"), "--to", "safetensors", "-o", path("plain")});
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_TRUE(read_safetensors(path("plain/model.safetensors")).tensors.contains("tokens.table"));
}

TEST_F(HubCommands, AConfigSaysWhatARunIs) {
  ASSERT_EQ(run_words({"import", model(), "-o", path("run")}).code, 0);
  std::filesystem::remove_all(path("run/hub"));
  const Ran out =
      run_words({"export", path("run"), "--config", model() + "/config.json", "-o", path("back")});
  EXPECT_EQ(out.code, 0) << out.err;
  EXPECT_EQ(read_safetensors(path("back/model.safetensors")).tensors.size(), 21u);
}

TEST_F(HubCommands, NothingIsWrittenOver) {
  ASSERT_EQ(run_words({"import", model(), "-o", path("run")}).code, 0);
  expect_error({"import", model(), "-o", path("run")}, "holds a run already");
  ASSERT_EQ(run_words({"export", path("run"), "-o", path("back")}).code, 0);
  expect_error({"export", path("run"), "-o", path("back")}, "is there already");
}

TEST_F(HubCommands, WhatIsMissingOrMisspelt) {
  ASSERT_EQ(run_words({"import", model(), "-o", path("run")}).code, 0);
  expect_error({"import", model()}, "-o is missing");
  expect_error({"import", path("nothing"), "-o", path("x")}, "nothing: no such file");
  expect_error({"export", path("run")}, "-o is missing");
  expect_error({"export", path("run"), "--to", "tim", "-o", path("x")}, "did you mean 'timm'");
  expect_error({"export", path("run"), "--to", "timm", "-o", path("x")},
               "there is no layout 'timm' of llama");
  expect_error({"export", path("run"), "--to", "llama2c", "--dtype", "bf16", "-o", path("x")},
               "--dtype bf16 does not go with --to llama2c");
}
}  // namespace
}  // namespace cambium::hub_commands_test
