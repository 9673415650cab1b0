// Blocks against PyTorch: tests/golden/torch holds what scripts/torch_blocks.py computed in double
// with the PyTorch that each file names. The other direction: bench/block_values.
#include <filesystem>

#include <gtest/gtest.h>

#include "places.h"
#include "tests/support/block_values.h"

namespace cambium::pytorch_test {
namespace {
constexpr double kForward = 1e-5, kBackward = 1e-4;

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& f :
       std::filesystem::directory_iterator(CAMBIUM_SOURCE_DIR "/tests/golden/torch"))
    out.push_back(f.path().stem().string());
  std::ranges::sort(out);
  return out;
}

SafeTensors golden(const std::string& name) {
  return read_safetensors(str(CAMBIUM_SOURCE_DIR "/tests/golden/torch/", name, ".safetensors"));
}

class PyTorch : public testing::TestWithParam<std::string> {};

TEST_P(PyTorch, GivesTheSameOutputAndGradients) {
  const SafeTensors file = golden(GetParam());
  BlockValues values(file);
  const BlockValues::Tensors ours = values.run(file.tensors);
  ASSERT_EQ(ours.size(), values.parameters().size() + 2);
  for (const auto& [name, tensor] : ours)
    EXPECT_LT(relative_error(tensor, file.tensors.at(name)), name == "y" ? kForward : kBackward)
        << name;
}

TEST_P(PyTorch, KnowsNoOtherParameters) {
  const SafeTensors file = golden(GetParam());
  size_t known = 0;
  for (const auto& entry : file.tensors) known += entry.first.starts_with("parameter.");
  EXPECT_EQ(known, BlockValues(file).parameters().size());
  EXPECT_TRUE(file.metadata.at("made_by").starts_with("PyTorch "));
}

INSTANTIATE_TEST_SUITE_P(Blocks, PyTorch, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param; });

// The comparison would see a wrong weight.
TEST(BlockValues, ErrorIsRelativeToTheLargestNumber) {
  Tensor a(DType::kF32, {2}), b(DType::kF32, {2});
  a.f32()[0] = 9;
  b.f32()[0] = 10;
  EXPECT_DOUBLE_EQ(relative_error(a, b), 0.1);
  a.f32()[1] = NAN;
  EXPECT_EQ(relative_error(a, b), HUGE_VAL);
}
}  // namespace
}  // namespace cambium::pytorch_test
