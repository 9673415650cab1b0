// Files: reading, gzip, atomic replacement and maps.
#include "core/system/files.h"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::files_test {
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

TEST(Files, OnlyRegularFilesAreRead) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);  // which would wait for a writer
  for (const auto& [path, what] : {std::pair(folder.path(), "a folder"),
                                   {folder.path("pipe"), "a pipe or a device"},
                                   {std::string("/dev/zero"), "a pipe or a device"}}) {
    const std::string text = str("'", path, "' is ", what, ", not a file");
    EXPECT_EQ(error_of([&] { read_file(path); }).what(), text);
    const auto e = error_of([&] { MappedFile file(path); });
    EXPECT_EQ(e.what(), text);
    EXPECT_NE(e.help, "");
  }
}

TEST(Files, ANulDoesNotCutAPath) {
  const std::string path("/etc/passwd\0.txt", 16);
  EXPECT_FALSE(file_exists(path));
  EXPECT_THROW(read_file(path), RuntimeError);
  EXPECT_THROW(replace_file(path, std::string_view("x")), RuntimeError);
  EXPECT_FALSE(overwrite_file(path, "x"));
}

TEST(Files, AFullDiskIsToldWithNeedAndHave) {
  const TempFolder folder;
  errno = ENOSPC;
  const auto e =
      error_of<RuntimeError>([&] { fail_with_errno("write", folder.path("x"), 5'000'000); });
  EXPECT_EQ(e.what(), str("cannot write '", folder.path("x"), "': No space left on device"));
  EXPECT_TRUE(e.help.starts_with("it takes 5000 kB, ")) << e.help;
  EXPECT_TRUE(e.help.ends_with(" are free there: free space on that disk and try again")) << e.help;
  for (const int code : {EIO, EFBIG, ENOENT, EACCES, EROFS, ENAMETOOLONG, ENOMEM, EMFILE}) {
    errno = code;
    EXPECT_NE(error_of<RuntimeError>([&] { fail_with_errno("write", "x"); }).help, "") << code;
  }
}

// The name that the user knows, not that of the temporary file.
TEST(Files, AFailureNamesTheFileItself) {
  const TempFolder folder;
  struct rlimit before = {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = {1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string what, help;
  try {
    replace_file(folder.path("a"), std::string(5000, 'x'));
  } catch (const RuntimeError& e) {
    what = e.what();
    help = e.help;
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  EXPECT_EQ(what, str("cannot write '", folder.path("a"), "': File too large"));
  EXPECT_EQ(help, "raise the limit on file sizes: ulimit -f unlimited");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Files, OverwritesInPlaceWhatFits) {
  const TempFolder folder;
  replace_file(folder.path("a"), std::string_view("some text"));
  EXPECT_TRUE(overwrite_file(folder.path("a"), "other"));
  EXPECT_EQ(read_file(folder.path("a")), "other");
  EXPECT_FALSE(overwrite_file(folder.path("a"), std::string(1 << 20, 'x')));
  EXPECT_EQ(read_file(folder.path("a")), "other");
  EXPECT_FALSE(overwrite_file(folder.path("absent"), "x"));
}

TEST(Files, SweepsWhatDeadProcessesLeft) {
  const TempFolder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  const std::string left = folder.path(str("run.json.tmp", dead));
  const std::string live = folder.path(str("run.json.tmp", ::getpid()));
  for (const std::string& path : {left, live, folder.path("a.tmp"), folder.path("b.tmp1x")})
    replace_file(path, std::string_view("x"));
  sweep_temporaries(folder.path());
  EXPECT_FALSE(file_exists(left));
  EXPECT_TRUE(file_exists(live) && file_exists(folder.path("a.tmp")) &&
              file_exists(folder.path("b.tmp1x")));
}

TEST(Files, GzipThatUnpacksWithoutEndIsRefused) {
  const TempFolder folder;
  write_gzip(folder.path("a.gz"), std::string(3 << 20, 'x'));
  const auto e = error_of<RuntimeError>([&] { read_maybe_gzip(folder.path("a.gz"), 1 << 20); });
  EXPECT_NE(std::string(e.what()).find("unpacks to more than 1048576 bytes"), std::string::npos);
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
}  // namespace cambium::files_test
