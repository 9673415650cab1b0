// Models of configs/models against torchvision's: tests/golden/zoo holds narrow ones that
// scripts/torch_zoo.py built of torchvision's own classes, with random weights and statistics. The
// same models in full: bench/zoo_values.
#include <filesystem>

#include <gtest/gtest.h>

#include "places.h"
#include "tests/support/expect_error.h"
#include "tests/support/model_values.h"
#include "tests/support/relative_error.h"

namespace cambium::zoo_test {
namespace {
constexpr double kAllowed = 1e-5;
constexpr const char* kModels[] = {
    "convnext_tiny",      "densenet121",    "efficientnet_b0", "googlenet",
    "mobilenet_v3_large", "regnet_y_400mf", "resnet50",        "resnext50",
    "shufflenet_v2",      "squeezenet1_1",  "vit_b16"};

SafeTensors golden(const std::string& name) {
  return read_safetensors(str(CAMBIUM_SOURCE_DIR "/tests/golden/zoo/", name, ".safetensors"));
}

class Zoo : public testing::TestWithParam<const char*> {};

TEST_P(Zoo, GivesTheLogitsOfTorchvision) {
  const SafeTensors file = golden(GetParam());
  EXPECT_LT(relative_error(ModelValues(file).logits(file), file.tensors.at("logits")), kAllowed);
  EXPECT_TRUE(file.metadata.at("made_by").starts_with("torchvision "));
}

// The comparison would see a wrong tensor, whichever it is. Softmax is blind to the biases of keys.
TEST_P(Zoo, EveryTensorHasASay) {
  SafeTensors file = golden(GetParam());
  ModelValues model(file);
  const Tensor right = model.logits(file);
  for (auto& [name, tensor] : file.tensors) {
    if (name == "x" || name == "logits" || name.ends_with(".k.bias")) continue;
    const Tensor kept = tensor.clone();
    for (float& v : tensor.f32()) v = 1.5f * v + 0.1f;
    EXPECT_GT(relative_error(model.logits(file), right), 10 * kAllowed) << name;
    std::memcpy(tensor.data(), kept.data(), size_t(tensor.bytes()));
  }
}

TEST(ModelValues, NameWhatIsMissingOrElsewhere) {
  SafeTensors file = golden("vit_b16");
  ModelValues model(file);
  Tensor bias = file.tensors.at("linear.bias").clone();
  file.tensors.erase("linear.bias");
  EXPECT_STREQ(test::error_of([&] { model.logits(file); }).what(),
               "the file holds 39 weights, the model 40");
  file.tensors.emplace("linear.other", bias.clone());
  EXPECT_STREQ(test::error_of([&] { model.logits(file); }).what(),
               "the file has no linear.bias [10]");
  file.tensors.erase("linear.other");
  file.tensors.emplace("linear.bias", Tensor(DType::kF32, {11}));
  EXPECT_STREQ(test::error_of([&] { model.logits(file); }).what(), "linear.bias is [11], not [10]");
}

INSTANTIATE_TEST_SUITE_P(Models, Zoo, testing::ValuesIn(kModels),
                         [](const auto& info) { return std::string(info.param); });
}  // namespace
}  // namespace cambium::zoo_test
