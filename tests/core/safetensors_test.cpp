// safetensors: round trips, and the refusal of every kind of broken or hostile file.
#include "core/tensor/safetensors.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::safetensors_test {
namespace {
using test::error_of;

// A file from its header text and the count of data bytes; `length` overrides the honest one.
std::string file_of(const std::string& header, size_t data_bytes, int64_t length = -1) {
  const auto n = uint64_t(length < 0 ? int64_t(header.size()) : length);
  std::string out;
  for (int i = 0; i < 8; ++i) out += char(n >> (8 * i) & 0xff);
  return out + header + std::string(data_bytes, '\x01');
}

SafeTensors parse(const std::string& file) {
  return parse_safetensors(std::as_bytes(std::span(file.data(), file.size())), "t");
}

std::string refusal(const std::string& header, size_t data_bytes, int64_t length = -1) {
  return error_of([&] { parse(file_of(header, data_bytes, length)); }).what();
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

TEST(SafeTensors, RoundTripsEveryDTypeAndEmptyTensors) {
  const test::TempFolder folder;
  std::map<std::string, Tensor, std::less<>> tensors;
  int i = 0;
  for (DType t : {DType::kF32, DType::kBf16, DType::kI32, DType::kI64, DType::kU8, DType::kBool}) {
    Tensor x(t, Shape{3, 5});
    for (size_t b = 0; b < x.raw().size(); ++b) x.raw()[b] = std::byte(b % 2);
    tensors.emplace(str("t", i++), std::move(x));
  }
  tensors.emplace("empty", Tensor(DType::kF32, Shape{0, 7}));
  tensors.emplace("scalar \"\xc3\xa9\"", Tensor(DType::kI64, Shape{}));
  std::map<std::string, const Tensor*, std::less<>> out;
  for (const auto& [name, t] : tensors) out[name] = &t;
  write_safetensors(folder.path("x"), out, {{"step", "12"}});
  const SafeTensors back = read_safetensors(folder.path("x"));
  EXPECT_EQ(back.metadata.at("step"), "12");
  ASSERT_EQ(back.tensors.size(), tensors.size());
  for (const auto& [name, t] : tensors) {
    EXPECT_EQ(back.tensors.at(name).type(), t.type());
    EXPECT_TRUE(std::ranges::equal(back.tensors.at(name).raw(), t.raw())) << name;
  }
}

TEST(SafeTensors, DataStartsOnACacheLine) {
  const test::TempFolder folder;
  const Tensor t(DType::kF32, Shape{4});
  write_safetensors(folder.path("x"), {{"a", &t}}, {});
  const std::string file = read_file(folder.path("x"));
  EXPECT_EQ(file.size() % 64, 16u);
}

TEST(SafeTensors, ReadsAForeignFile) {
  const std::string path = test::data_path("weights/ggml_mnist_fc/mnist_fc.safetensors");
  if (test::skip_without(path)) return;
  EXPECT_FALSE(read_safetensors(path).tensors.empty());
}

TEST(SafeTensors, EveryTruncationIsRefused) {
  const std::string whole = file_of(one("F32", "[2]", "[0,8]"), 8);
  EXPECT_EQ(parse(whole).tensors.at("w").shape(), Shape({2}));
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_THROW(parse(whole.substr(0, n)), UserError) << n;
  EXPECT_EQ(refusal(one("F32", "[2]", "[0,8]"), 9), "'t': 1 bytes follow the last tensor");
}

TEST(SafeTensors, HostileHeaderLengthsAreRefused) {
  EXPECT_EQ(refusal("{}", 0, 100'000'001),
            "'t': the header claims 100000001 bytes; the limit is 100000000");
  EXPECT_EQ(refusal("{}", 0, 3), "'t': the header claims 3 bytes, but only 2 follow");
  EXPECT_EQ(refusal("{}", 0, INT64_MAX),
            "'t': the header claims 9223372036854775807 bytes; the limit is 100000000");
  EXPECT_EQ(refusal("[]", 0), "'t': the header does not start with {");
  EXPECT_EQ(refusal("{\"a\":", 0), "'t' is not valid JSON");
  EXPECT_EQ(refusal("{\"a\xff\":1}", 0), "'t' is not valid JSON");
  EXPECT_EQ(refusal("{\"a\":" + std::string(1'000'000, '[') + "}", 0),
            "'t' nests deeper than 4 levels");
}

TEST(SafeTensors, DuplicateNamesAreRefused) {
  const std::string entry = R"("w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(refusal("{" + entry + "," + entry + "}", 1), "'t' has the key 'w' twice");
}

TEST(SafeTensors, OverlapsAndHolesAreRefused) {
  const auto two = [](const char* a, const char* b) {
    return str(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)", a,
               R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)", b, "}}");
  };
  EXPECT_EQ(refusal(two("[0,4]", "[3,7]"), 7), "'t': tensor 'b' overlaps the one before it");
  EXPECT_EQ(refusal(two("[0,4]", "[5,9]"), 9), "'t': there is a hole of 1 bytes before tensor 'b'");
  EXPECT_EQ(parse(file_of(two("[4,8]", "[0,4]"), 8)).tensors.size(), 2u) << "any order of names";
}

TEST(SafeTensors, SizesThatDoNotMatchAreRefused) {
  EXPECT_EQ(refusal(one("F32", "[2]", "[0,4]"), 4),
            "'t': tensor 'w': F32[2] needs 8 bytes, its offsets span 4");
  EXPECT_EQ(refusal(one("F32", "[2]", "[0,8]"), 4),
            "'t': tensor 'w': bytes 0 to 8 leave the file's 4");
  EXPECT_EQ(refusal(one("F32", "[2]", "[8,0]"), 8),
            "'t': tensor 'w': bytes 8 to 0 leave the file's 8");
  EXPECT_EQ(refusal(one("F32", "[4294967296,4294967296]", "[0,0]"), 0),
            "'t': tensor 'w': its size overflows");
  EXPECT_EQ(refusal(one("F32", "[0,4294967296,4294967296]", "[0,0]"), 0),
            "'t': tensor 'w': its size overflows");
  EXPECT_EQ(refusal(one("F32", "[-1]", "[0,4]"), 4),
            "'t': tensor 'w': an extent is not a whole number");
  EXPECT_EQ(refusal(one("U8", "[1,1,1,1,1,1,1]", "[0,1]"), 1),
            "'t': tensor 'w': shape is not a list of at most 6 extents");
}

TEST(SafeTensors, UnknownDTypesAndMembersAreRefused) {
  EXPECT_EQ(refusal(one("F64", "[1]", "[0,8]"), 8), "'t': tensor 'w': dtype F64 is not supported");
  EXPECT_EQ(refusal(R"({"w":{"dtype":"U8","shape":[1]}})", 1),
            "'t': tensor 'w' must have dtype, shape and data_offsets, nothing else");
  EXPECT_EQ(refusal(R"({"w":{"dtype":3,"shape":[1],"data_offsets":[0,1]}})", 1),
            "'t': tensor 'w': dtype is not text");
  EXPECT_EQ(refusal(one("U8", "[1]", "[0.5,1]"), 1),
            "'t': tensor 'w': data_offsets are not two whole numbers");
  EXPECT_EQ(refusal(R"({"__metadata__":{"a":1}})", 0), "'t': metadata 'a' is not text");
}

TEST(SafeTensors, AFailedWriteIsARuntimeErrorAndLeavesNothing) {
  const Tensor t(DType::kF32, Shape{4});
  const auto e = error_of<RuntimeError>([&] { write_safetensors("/nowhere/x", {{"a", &t}}, {}); });
  EXPECT_NE(std::string(e.what()).find("'/nowhere/x"), std::string::npos);
}
}  // namespace
}  // namespace cambium::safetensors_test
