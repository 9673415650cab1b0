// Kill -9 at any instant of a build, and a disk that is full in the middle: the corpus becomes,
// byte for byte, that of a build that nobody disturbed.
#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "core/rng.h"
#include "core/system/files.h"
#include "core/system/process.h"
#include "places.h"
#include "tests/support/data/test_data.h"
#include "tests/support/little_room.h"

namespace cambium::killed_build_test {
namespace {
namespace fs = std::filesystem;

// Texts of 40 words of which a third came before, whole or with a word changed.
std::string texts(int n, uint32_t seed) {
  Random random(seed);
  std::vector<std::string> before;
  std::string out;
  for (int i = 0; i < n; ++i) {
    std::string text;
    if (i > 10 && random.below(3) == 0) {
      text = before[random.below(uint32_t(before.size()))];
      if (random.below(2) == 0) text += " changed";
    } else {
      for (int w = 0; w < 40; ++w) text += str(w ? " " : "", "word", random.below(5000));
    }
    if (before.size() < 500) before.push_back(text);
    out += text + "\n";
  }
  return out;
}

std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != ".lock")
      files[fs::relative(entry.path(), folder)] = read_file(entry.path());
  return files;
}

class SlowKilledBuild : public testing::Test {
 protected:
  SlowKilledBuild() {
    for (int i = 0; i < 4; ++i)
      replace_file(folder_.path(str("t", i, ".txt")), texts(15'000, uint32_t(i)));
    replace_file(
        folder_.path("recipe.yaml"),
        str("sources:\n  a: {path: ['", folder_.path("t0.txt"), "', '", folder_.path("t1.txt"),
            "'], split: line}\n  b: {path: '", folder_.path("t[23].txt"), "', split: line}\n",
            "steps: [exact_duplicates, {near_duplicates: 0.7}]\n",
            "split: {val: 5%, test: 5%, by: cluster}\nshards: {size: 2M}\n"));
  }

  Process start(const std::string& out) const {
    return start_process(CAMBIUM_BINARY_DIR "/cambium",
                         {"data", "build", folder_.path("recipe.yaml"), "-o", folder_.path(out),
                          "--jobs", "2", "--progress", "none"},
                         folder_.path("output.txt"));
  }

  void build(const std::string& out) const {
    Process p = start(out);
    p.wait();
    ASSERT_EQ(p.exit_code(), 0) << read_file(folder_.path("output.txt"));
  }

  const test::TempFolder folder_;
};

TEST_F(SlowKilledBuild, EndsWithTheBytesOfAnUndisturbedOne) {
  build("whole");
  const auto whole = files_of(folder_.path("whole"));
  Random random(5);
  int kills = 0, finished = 0;
  while (kills < 50) {
    Process p = start("killed");
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random.below(400)));
    if (!p.ended()) {
      p.kill();
      ++kills;
      continue;
    }
    ASSERT_EQ(p.exit_code(), 0) << read_file(folder_.path("output.txt"));
    ASSERT_EQ(files_of(folder_.path("killed")), whole);
    fs::remove_all(folder_.path("killed"));
    ++finished;
    ASSERT_LT(finished, 500);
  }
  build("killed");
  EXPECT_EQ(files_of(folder_.path("killed")), whole);
}

TEST_F(SlowKilledBuild, GoesOnAfterAFullDisk) {
  build("whole");
  const std::string disk = folder_.path("disk");
  make_folders(disk);
  const pid_t child = ::fork();
  if (child == 0) {  // a disk of its own
    const test::LittleRoom room(disk, 3'000'000);
    Process p = start("disk/corpus");
    p.wait();
    const std::string said = read_file(folder_.path("output.txt"));
    const bool told = said.find(room.error()) != said.npos && said.find(room.cure()) != said.npos;
    if (p.exit_code() != 2 || !told) ::_exit(1);
    Process check = start_process(CAMBIUM_BINARY_DIR "/cambium",
                                  {"data", "check", disk + "/corpus"}, folder_.path("check.txt"));
    check.wait();
    if (read_file(folder_.path("check.txt")).find("not finished") == std::string::npos) ::_exit(2);
    room.widen(400'000'000);
    Process again = start("disk/corpus");
    again.wait();
    if (again.exit_code() != 0) ::_exit(3);
    ::_exit(files_of(disk + "/corpus") == files_of(folder_.path("whole")) ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0) << read_file(folder_.path("output.txt"));
}
}  // namespace
}  // namespace cambium::killed_build_test
