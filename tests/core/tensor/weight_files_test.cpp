// Weight files: a file, an index of shards and a folder give the same tensors, 16 bits are widened
// exactly, and an index that lies is refused by name.
#include "core/tensor/weight_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/tensor/f16.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::weight_files_test {
namespace {
using test::error_of;

Tensor filled(const Shape& shape, float from) {
  Tensor t(DType::kF32, shape);
  for (float& x : t.f32()) x = from++;
  return t;
}

class WeightFolder : public testing::Test {
 protected:
  WeightFolder() {
    a_ = filled({2, 3}, 1);
    b_ = filled({5}, 10);
    c_ = filled({3}, 20);
    write_safetensors(folder_.path("one.safetensors"), {{"a", &a_}, {"b", &b_}}, {});
    write_safetensors(folder_.path("two.safetensors"), {{"c", &c_}}, {});
  }

  std::string index(const std::string& map) {
    const std::string path = folder_.path("model.safetensors.index.json");
    replace_file(path, str(R"({"metadata":{"total_size":56},"weight_map":)", map, "}"));
    return path;
  }

  std::string refusal(const std::string& map) {
    const std::string path = index(map);
    std::string what = error_of([&] { read_weight_files(path); }).what();
    while (what.find(folder_.path("")) != what.npos)
      what.erase(what.find(folder_.path("")), folder_.path("").size());
    return what;
  }

  test::TempFolder folder_;
  Tensor a_, b_, c_;
};

const std::string kHonest =
    R"({"c":"two.safetensors","a":"one.safetensors","b":"one.safetensors"})";

TEST_F(WeightFolder, AnIndexAndItsFolderGiveAllTensorsOfTheShards) {
  for (const std::string& path : {index(kHonest), folder_.path("")}) {
    const Tensors all = read_weight_files(path);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_TRUE(std::ranges::equal(all.at("a").raw(), a_.raw()));
    EXPECT_TRUE(std::ranges::equal(all.at("b").raw(), b_.raw()));
    EXPECT_TRUE(std::ranges::equal(all.at("c").raw(), c_.raw()));
  }
  EXPECT_EQ(read_weight_files(folder_.path("two.safetensors")).size(), 1u);
}

TEST_F(WeightFolder, AFolderHasOneFileOrAnIndexAndNotBoth) {
  EXPECT_FALSE(is_weight_folder(folder_.path("")));
  const auto none = error_of([&] { read_weight_files(folder_.path("")); });
  EXPECT_NE(std::string(none.what()).find("holds no model.safetensors and no index"),
            std::string::npos);
  write_safetensors(folder_.path("model.safetensors"), {{"c", &c_}}, {});
  EXPECT_TRUE(is_weight_folder(folder_.path("")));
  EXPECT_EQ(read_weight_files(folder_.path("")).size(), 1u);
  index(kHonest);
  const auto both = error_of([&] { read_weight_files(folder_.path("")); });
  EXPECT_NE(std::string(both.what()).find("holds model.safetensors and an index of shards"),
            std::string::npos);
}

TEST_F(WeightFolder, AnIndexThatLiesIsRefused) {
  EXPECT_EQ(refusal(R"({"a":"one.safetensors","b":"one.safetensors","c":"three.safetensors"})"),
            "'model.safetensors.index.json' names the shard 'three.safetensors', which is not "
            "beside it");
  EXPECT_EQ(refusal(R"({"a":"two.safetensors","b":"one.safetensors","c":"two.safetensors"})"),
            "'model.safetensors.index.json' says that 'a' is in 'two.safetensors', which is in "
            "'one.safetensors'");
  EXPECT_EQ(refusal(R"({"a":"one.safetensors","b":"one.safetensors","d":"one.safetensors"})"),
            "'model.safetensors.index.json' says that 'd' is in 'one.safetensors', which is in "
            "none of its shards");
  EXPECT_EQ(refusal(R"({"a":"one.safetensors","c":"two.safetensors"})"),
            "'model.safetensors.index.json' does not name 'b', which is in 'one.safetensors'");
  write_safetensors(folder_.path("two.safetensors"), {{"c", &c_}, {"b", &b_}}, {});
  EXPECT_EQ(refusal(kHonest), "'b' stands in two shards, 'one.safetensors' and 'two.safetensors'");
}

TEST_F(WeightFolder, WhatIsNoIndexIsRefused) {
  EXPECT_EQ(refusal("[]"), "'model.safetensors.index.json': weight_map is not a map");
  EXPECT_EQ(refusal("{}"), "'model.safetensors.index.json': weight_map names no tensor");
  EXPECT_EQ(refusal(R"({"a":7})"), "'model.safetensors.index.json': the shard of 'a' is not text");
  EXPECT_EQ(refusal(R"({"a":"../one.safetensors"})"),
            "'model.safetensors.index.json': 'a' is said to be in '../one.safetensors', which is "
            "no file beside the index");
  EXPECT_EQ(refusal(R"({"a":"one.safetensors","a":"two.safetensors"})"),
            "'model.safetensors.index.json' has the key 'a' twice");
  replace_file(folder_.path("config.json"), "{\"a\": 1}");
  EXPECT_NE(std::string(error_of([&] { read_weight_files(folder_.path("config.json")); }).what())
                .find("has no weight_map"),
            std::string::npos);
}

// By the definition: (-1)^s * 2^(e - 25) * (1024 + f), and f * 2^-24 for e = 0.
TEST(WeightFiles, EveryNumberOfSixteenBitsIsWidenedExactly) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const int exponent = int(bits >> 10 & 31), fraction = int(bits & 1023);
    const float is = from_f16(uint16_t(bits));
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(is), fraction != 0) << bits;
      EXPECT_EQ(std::isinf(is), fraction == 0) << bits;
    } else {
      const double size =
          exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
      EXPECT_EQ(double(is), bits >> 15 ? -size : size) << bits;
    }
    EXPECT_EQ(std::signbit(is), bits >> 15 != 0) << bits;
  }
}

TEST(WeightFiles, HalvesAndBf16AreReadAsF32AndIntegersStay) {
  const test::TempFolder folder;
  const std::string header = R"({"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},)"
                             R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[6,8]},)"
                             R"("i":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}})";
  std::string file;
  for (int i = 0; i < 8; ++i) file += char(header.size() >> (8 * i) & 0xff);
  file += header;
  for (const uint16_t x : {0x3c00, 0xc100, 0x0001, 0x4049})  // 1, -2.5, 2^-24; bf16 3.140625
    for (int i = 0; i < 2; ++i) file += char(x >> (8 * i) & 0xff);
  file += std::string("\x07\0\0\0\0\0\0\0", 8);
  replace_file(folder.path("x.safetensors"), file);
  const Tensors t = read_weight_files(folder.path("x.safetensors"));
  EXPECT_EQ(t.at("h").f32()[0], 1.0F);
  EXPECT_EQ(t.at("h").f32()[1], -2.5F);
  EXPECT_EQ(t.at("h").f32()[2], std::ldexp(1.0F, -24));
  EXPECT_EQ(t.at("b").f32()[0], 3.140625F);
  EXPECT_EQ(t.at("i").i64()[0], 7);
  const WeightFiles lazy(folder.path("x.safetensors"));
  EXPECT_EQ(lazy.types().at("b"), (ValueType{DType::kF32, {1}}));
}
}  // namespace
}  // namespace cambium::weight_files_test
