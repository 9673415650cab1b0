// Files: reading, gzip, atomic replacement and maps.
#include "core/files.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/support/expect_error.h"
#include "tests/support/test_data.h"

namespace cambium {
namespace {
using test::error_of;
using test::TempFolder;

void write_gzip(const std::string& path, const std::string& text, const char* mode = "wb") {
  gzFile f = gzopen(path.c_str(), mode);
  gzwrite(f, text.data(), unsigned(text.size()));
  gzclose(f);
}

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Files, ReplaceWritesWholeFilesAndLeavesNoTemporary) {
  const TempFolder folder;
  replace_file(folder.path("a"), std::string_view("one"));
  replace_file(folder.path("a"), std::string_view("two"));
  EXPECT_EQ(read_file(folder.path("a")), "two");
  size_t count = 0;
  for ([[maybe_unused]] const auto& f : std::filesystem::directory_iterator(folder.path())) ++count;
  EXPECT_EQ(count, 1u);
}

TEST(Files, AFailedReplaceKeepsTheOldFile) {
  const TempFolder folder;
  make_folders(folder.path("target"));
  EXPECT_THROW(replace_file(folder.path("target"), std::string_view("x")), RuntimeError);
  EXPECT_TRUE(std::filesystem::is_directory(folder.path("target")));
  const auto e =
      error_of<RuntimeError>([&] { replace_file(folder.path("no/x"), std::string_view("x")); });
  EXPECT_NE(std::string(e.what()).find("No such file or directory"), std::string::npos);
}

TEST(Files, ReadsAtMostTheLimit) {
  const TempFolder folder;
  replace_file(folder.path("a"), std::string_view("12345"));
  EXPECT_EQ(read_file(folder.path("a"), 3), "123");
  EXPECT_EQ(read_file(folder.path("a"), 9), "12345");
}

TEST(Files, AFolderIsNotAFile) {
  const TempFolder folder;
  EXPECT_THROW(read_file(folder.path()), RuntimeError);
  EXPECT_THROW(MappedFile(folder.path()), RuntimeError);
}

TEST(Files, UnpacksGzipOfSeveralMembers) {
  const TempFolder folder;
  const std::string big(700'000, 'x');
  write_gzip(folder.path("a.gz"), big);
  write_gzip(folder.path("a.gz"), "tail", "ab");
  EXPECT_EQ(as_text(read_maybe_gzip(folder.path("a.gz"))), big + "tail");
  replace_file(folder.path("plain"), std::string_view("raw"));
  EXPECT_EQ(as_text(read_maybe_gzip(folder.path("plain"))), "raw");
}

TEST(Files, DamagedGzipIsARuntimeError) {
  const TempFolder folder;
  write_gzip(folder.path("a.gz"), std::string(1000, 'x') + "abc");
  const std::string whole = read_file(folder.path("a.gz"));
  const auto refusal = [&](std::string_view content) -> std::string {
    replace_file(folder.path("b.gz"), content);
    return error_of<RuntimeError>([&] { read_maybe_gzip(folder.path("b.gz")); }).what();
  };
  EXPECT_NE(refusal(std::string_view(whole).substr(0, whole.size() - 3)).find("cut short"),
            std::string::npos);
  EXPECT_NE(refusal("hello, world").find("is not a gzip file"), std::string::npos);
  EXPECT_NE(refusal("").find("cut short"), std::string::npos);
}

TEST(Files, MapsAreViewsOfTheBytes) {
  const TempFolder folder;
  replace_file(folder.path("a"), std::string_view("abc"));
  replace_file(folder.path("empty"), std::string_view(""));
  MappedFile a(folder.path("a"));
  const MappedFile moved = std::move(a);
  EXPECT_EQ(moved.bytes().size(), 3u);
  EXPECT_EQ(char(moved.bytes()[2]), 'c');
  EXPECT_TRUE(MappedFile(folder.path("empty")).bytes().empty());
  EXPECT_THROW(MappedFile(folder.path("absent")), RuntimeError);
}
}  // namespace
}  // namespace cambium
