// What cambium import refuses before it reads weights.
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::import_words_test {
namespace {
TEST(ImportWords, ArePlacedBeforeWeightsAreRead) {
  const test::TempFolder folder;
  const std::string pickle = folder.path("pytorch_model.bin"), to = folder.path("run");
  replace_file(pickle, "x");
  const test::Ran named = test::run_words({"import", pickle, "-o", to});
  EXPECT_EQ(named.code, 1);
  EXPECT_NE(named.err.find("is a pickle by its name"), std::string::npos) << named.err;
  EXPECT_NE(named.err.find("safetensors.torch.save_file"), std::string::npos) << named.err;
  const std::string llama = CAMBIUM_SOURCE_DIR "/tests/golden/hub/llama";
  const test::Ran alone = test::run_words({"import", llama, "--tokenizer", pickle, "-o", to});
  EXPECT_EQ(alone.code, 1);
  EXPECT_NE(alone.err.find("--tokenizer reads a text, and there is none"), std::string::npos);
  EXPECT_FALSE(file_exists(to + "/spec.yaml"));
}
}  // namespace
}  // namespace cambium::import_words_test
