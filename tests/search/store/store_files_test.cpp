// Files that are no store, or damaged, or of something else; and disks that give out.
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "search/store/disk.h"
#include "tests/search/store/workers.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/little_room.h"

namespace {
// A file system that the next look at a folder is to find, in place of its own.
uint64_t made_up_filesystem = 0;
}  // namespace

// Stands before the C library's, so that a test can have a network disk without one.
extern "C" int statfs(const char* path, struct statfs* out) noexcept {
  const long code = ::syscall(SYS_statfs, path, out);
  if (code == 0 && made_up_filesystem != 0) out->f_type = decltype(out->f_type)(made_up_filesystem);
  return int(code);
}

namespace cambium::store_files_test {
namespace {
using namespace store_workers;
using test::error_of;

NextTrial plain(const TrialHistory& h) {
  NextTrial next{.kind = NextTrial::kTrial};
  next.trial.point = {{"x", double(h.next())}};
  next.trial.spec = std::string(2000, 's');
  return next;
}

void add(TrialStore& store, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    ASSERT_EQ(store.propose_next(plain), Proposal::kAdded);
    ASSERT_TRUE(store.finish(*store.claim(), {.values = {{"score", i}}}));
  }
}

// The folder of a store of `count` finished trials, closed.
std::string made_store(const test::TempFolder& folder, int64_t count) {
  TrialStore store(folder.path("s"), study());
  add(store, count);
  return folder.path("s");
}

std::string file_of(const std::string& folder) {
  return folder + "/study.db";
}

TEST(StoreFile, OfAnotherStudyIsRefused) {
  const test::TempFolder folder;
  const std::string s = made_store(folder, 1), file = str("'", file_of(s), "'");
  const auto refusal = [&](const StudyRecord& other) {
    const auto e = error_of([&] { const TrialStore store(s, other); });
    EXPECT_NE(e.help, "");
    return std::string(e.what());
  };
  StudyRecord other = study();
  other.name = "huge";
  EXPECT_EQ(refusal(other), str(file, " holds the study 'tiny', not 'huge'"));
  EXPECT_EQ(refusal(study(4)), str(file, " holds a study of lag 8, not 4"));
  other = study();
  other.settings["space"]["x"][1] = 2;
  EXPECT_EQ(refusal(other), str(file, " holds another study: space.x.1 is 1 there and 2 here"));
  other = study();
  other.settings["tasks"] = 3;
  EXPECT_EQ(refusal(other), str(file, " holds another study: tasks is nothing there and 3 here"));
  other = study();
  other.instruction_set = "avx1024";
  EXPECT_TRUE(refusal(other).starts_with(
      str("the trials in ", file, " were computed with instruction set '")))
      << refusal(other);
  other = study();
  other.build = "cambium 9";
  EXPECT_NE(refusal(other).find("', and here it is 'cambium 9'"), std::string::npos);
  EXPECT_NO_THROW(TrialStore(s, study()));
}

TEST(StoreFile, OfANewerProgramIsRefused) {
  const test::TempFolder folder;
  const std::string s = made_store(folder, 1);
  Sqlite(file_of(s), Sqlite::kWrite).run("PRAGMA user_version = 2");
  for (const bool views : {false, true}) {
    const auto e = error_of([&] { views ? TrialStore::view(s) : TrialStore(s, study()); });
    EXPECT_EQ(std::string(e.what()),
              str("'", file_of(s),
                  "' was written by a newer cambium: its schema is 2, this program knows 1"));
    EXPECT_NE(e.help, "");
  }
}

TEST(StoreFile, OfSomethingElseIsRefused) {
  const test::TempFolder folder;
  const std::string s = folder.path("s");
  make_folders(s);
  EXPECT_EQ(std::string(error_of([&] { TrialStore::view(s); }).what()),
            str("there is no store of trials in '", s, "'"));
  Sqlite(file_of(s), Sqlite::kWrite).run("CREATE TABLE songs (name TEXT)");
  EXPECT_EQ(std::string(error_of([&] { TrialStore(s, study()); }).what()),
            str("'", file_of(s), "' is a database of something else, not a store of trials"));
  for (const std::string& text : {std::string(5000, 'x'), std::string("a note")}) {
    replace_file(file_of(s), text);
    for (const bool views : {false, true}) {
      const auto e = error_of([&] { views ? TrialStore::view(s) : TrialStore(s, study()); });
      EXPECT_EQ(std::string(e.what()), str("'", file_of(s), "' is not a database"));
    }
    EXPECT_EQ(read_file(file_of(s)), text) << "what is not ours was changed";
  }
}

TEST(StoreFile, CutShortIsRefused) {
  const test::TempFolder folder;
  const std::string s = made_store(folder, 30), whole = read_file(file_of(s));
  ASSERT_GT(whole.size(), 60000u);
  for (const size_t size :
       {size_t(600), size_t(4096), size_t(20000), whole.size() - 4096, whole.size() - 1}) {
    replace_file(file_of(s), std::string_view(whole).substr(0, size));
    for (const bool views : {false, true}) {
      const auto e =
          error_of<RuntimeError>([&] { views ? TrialStore::view(s) : TrialStore(s, study()); });
      EXPECT_TRUE(std::string(e.what()).starts_with(str("'", file_of(s), "' is damaged: ")))
          << size << ": " << e.what();
      EXPECT_NE(e.help, "");
    }
  }
  replace_file(file_of(s), whole);
  EXPECT_EQ(TrialStore(s, study()).trials().size(), 30u);
}

TEST(StoreFile, WithOtherTablesOrAGapIsRefused) {
  const test::TempFolder folder;
  const std::string s = made_store(folder, 3);
  const auto refusal = [&] {
    return std::string(error_of<RuntimeError>([&] { TrialStore::view(s); }).what());
  };
  Sqlite(file_of(s), Sqlite::kWrite).run("DELETE FROM trials WHERE number = 1");
  EXPECT_EQ(refusal(), str("'", file_of(s), "' is damaged: there is no trial 1 in it"));
  Sqlite(file_of(s), Sqlite::kWrite).run("DROP INDEX trials_key");
  EXPECT_EQ(refusal(), str("'", file_of(s), "' is damaged: its tables are not those of schema 1"));
}

TEST(StoreFile, MayBeCompacted) {
  const test::TempFolder folder;
  const std::string s = made_store(folder, 3), list = TrialStore::view(s).dump();
  Sqlite(file_of(s), Sqlite::kWrite).run("VACUUM");
  EXPECT_EQ(TrialStore(s, study()).dump(), list);
}

// A limit on file sizes stands for a full disk where none can be made.
TEST(StoreFile, GoesOnAfterAFileCouldNotGrow) {
  const test::TempFolder folder;
  const std::string s = folder.path("s");
  { const TrialStore made(s, study()); }
  EXPECT_EQ(end_of(start([&] {
              const rlimit limit{300000, 300000};
              ::setrlimit(RLIMIT_FSIZE, &limit);
              TrialStore store(s, study());
              const auto e = error_of<RuntimeError>([&] { add(store, 100000); });
              ensure(std::string(e.what()).find("File too large") != std::string::npos, e.what());
              ensure(std::string(e.what()).find(s) != std::string::npos, e.what());
              ensure(e.help == "raise the limit on file sizes: ulimit -f unlimited", e.help);
              ensure(store.trials().size() > 3, "too little was written");
            })),
            0);
  TrialStore store(s, study());
  const size_t there = store.trials().size();
  ASSERT_GT(there, 3u);
  // The last was proposed, claimed or finished; at once it is none's.
  const auto left = store.claim();
  EXPECT_TRUE(!left || store.finish(*left, {}));
  add(store, 3);
  EXPECT_EQ(store.trials().size(), there + 3);
}

TEST(StoreFile, GoesOnAfterAFullDisk) {
  const test::TempFolder folder;
  const std::string disk = folder.path("disk"), s = disk + "/s";
  make_folders(disk);
  EXPECT_EQ(end_of(start([&] {
              const test::LittleRoom room(disk, 400'000);
              {
                TrialStore store(s, study());
                const auto e = error_of<RuntimeError>([&] { add(store, 100000); });
                const std::string what = e.what();
                ensure(what == str("cannot write '", file_of(s), "': ", room.error()), what);
                ensure(e.help.find(room.cure()) != std::string::npos, e.help);
              }
              const size_t there = TrialStore::view(s).trials().size();
              ensure(there > 3, "too little was written");
              room.widen(4'000'000);
              TrialStore store(s, study());
              if (const auto left = store.claim()) store.finish(*left, {});
              add(store, 3);
              ensure(store.trials().size() == there + 3, "not all was added");
            })),
            0);
}

// As a user who may not write, also where the tests are root's.
TEST(StoreFile, InAReadOnlyFolderIsViewedAndNotWritten) {
  const test::TempFolder folder;
  const std::string s = made_store(folder, 3);
  for (const std::string& path : {s, file_of(s), s + "/study.lock"})
    ::chmod(path.c_str(), path == s ? 0555 : 0444);
  const int code = end_of(start([&] {
    if (::geteuid() == 0) ensure(::setuid(65534) == 0, "the user cannot be changed");
    ensure(TrialStore::view(s).trials().size() == 3, "it is not read");
    const auto e = error_of<RuntimeError>([&] { TrialStore(s, study()); });
    const std::string what = e.what();
    ensure(what == str("cannot write '", s, "/study.lock': Permission denied"), what);
    ensure(e.help == "check its permissions and its owner", e.help);
    const auto file = error_of<RuntimeError>([&] { Sqlite(file_of(s), Sqlite::kWrite); });
    ensure(std::string(file.what()) == str("cannot write '", file_of(s), "': Permission denied"),
           file.what());
  }));
  ::chmod(s.c_str(), 0755);
  EXPECT_EQ(code, 0);
}

TEST(StoreFile, OnANetworkDiskIsRefused) {
  const test::TempFolder folder;
  for (const auto& [number, name] : {std::pair{0x6969, "NFS"},
                                     {0x65735546, "FUSE"},
                                     {int(0xFF534D42), "CIFS"},
                                     {0x01021997, "9P"}}) {
    made_up_filesystem = uint32_t(number);
    const auto e = error_of([&] { TrialStore(folder.path("s"), study()); });
    made_up_filesystem = 0;
    EXPECT_EQ(std::string(e.what()),
              str("'", folder.path("s"), "' is on a network or foreign file system (", name,
                  "), where the locks and shared memory that keep a store of trials whole do not "
                  "hold"));
    EXPECT_NE(e.help, "");
  }
  for (const uint64_t own : {0xEF53u, 0x58465342u, 0x01021994u, 0x9123683Eu, 0x794C7630u})
    EXPECT_EQ(shared_filesystem(own), "");  // ext4, XFS, tmpfs, Btrfs, overlay
  EXPECT_NO_THROW(TrialStore(folder.path("s"), study()));
}

TEST(StoreFile, IsMadeByOneOfManyProcesses) {
  const test::TempFolder folder;
  for (int round = 0; round < 5; ++round) {
    const std::string s = folder.path(str("s", round));
    std::vector<pid_t> all;
    for (int i = 0; i < 6; ++i) all.push_back(start([&] { TrialStore(s, study()).trials(); }));
    for (const pid_t pid : all) EXPECT_EQ(end_of(pid), 0);
  }
}
}  // namespace
}  // namespace cambium::store_files_test
