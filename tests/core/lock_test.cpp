// The lock of a folder: one holder, told by name, taken over when it dies.
#include "core/system/lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/system/files.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::lock_test {
namespace {
using test::error_of;

// A process that holds the lock of a folder until it is killed.
pid_t hold(const std::string& folder) {
  int ready[2];
  EXPECT_EQ(::pipe(ready), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const FolderLock lock(folder);
    [[maybe_unused]] const ssize_t n = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char c = 0;
  EXPECT_EQ(::read(ready[0], &c, 1), 1);
  ::close(ready[0]);
  ::close(ready[1]);
  return pid;
}

TEST(FolderLock, NamesItsHolder) {
  const test::TempFolder folder;
  const pid_t holder = hold(folder.path());
  const auto e = error_of([&] { FolderLock lock(folder.path()); });
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  const std::string expected =
      str("'", folder.path(), "' is in use by process ", holder, " on ", host, ": ");
  EXPECT_TRUE(std::string(e.what()).starts_with(expected)) << e.what();
  EXPECT_NE(std::string(e.what()).find("cambium_core_tests"), std::string::npos) << e.what();
  EXPECT_NE(e.help, "");
}

TEST(FolderLock, IsTakenOverFromADeadHolder) {
  const test::TempFolder folder;
  const pid_t holder = hold(folder.path());
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  ASSERT_TRUE(file_exists(folder.path(".lock")));
  { EXPECT_NO_THROW(FolderLock lock(folder.path())); }
  EXPECT_FALSE(file_exists(folder.path(".lock")));
}

TEST(FolderLock, CanBeMovedAndTakenAgain) {
  const test::TempFolder folder;
  FolderLock a(folder.path()), b = std::move(a);
  a = FolderLock();
  EXPECT_THROW(FolderLock(folder.path()), UserError);
  b = FolderLock();
  EXPECT_NO_THROW(FolderLock(folder.path()));
}

TEST(FolderLock, SaysWhenItCannotBeWritten) {
  const auto e = error_of<RuntimeError>([] { FolderLock lock("/nowhere"); });
  EXPECT_EQ(std::string(e.what()), "cannot write '/nowhere/.lock': No such file or directory");
}
}  // namespace
}  // namespace cambium::lock_test
