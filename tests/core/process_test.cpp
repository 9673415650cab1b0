// Programs as children of this process, left running beside it or talked to until they end.
#include "core/system/process.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/system/subprocess.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::process_test {
namespace {
const std::string kShell = "/bin/sh";

std::vector<std::string> shell(const std::string& text) {
  return {kShell, "-c", text};
}

TEST(StartProcess, WritesOutputAndErrorsIntoItsFile) {
  const test::TempFolder folder;
  Process p =
      start_process(kShell, {"-c", "echo said; echo wrong >&2; cat; exit 3"}, folder.path("out"));
  p.wait();
  EXPECT_EQ(p.exit_code(), 3);
  EXPECT_EQ(read_file(folder.path("out")), "said\nwrong\n");
}

TEST(StartProcess, ASignalThatEndedItIsItsExitCode) {
  const test::TempFolder folder;
  Process p = start_process(kShell, {"-c", "sleep 60"}, folder.path("out"));
  EXPECT_FALSE(p.ended());
  p.interrupt();
  p.wait();
  EXPECT_TRUE(p.ended());
  EXPECT_EQ(p.exit_code(), 128 + SIGTERM);
}

TEST(StartProcess, SaysWhatCannotBeStarted) {
  const test::TempFolder folder;
  const auto gone = test::error_of<RuntimeError>(
      [&] { start_process("/no/such/program", {}, folder.path("out")); });
  EXPECT_NE(std::string(gone.what()).find("/no/such/program"), std::string::npos) << gone.what();
  const auto nowhere =
      test::error_of<RuntimeError>([&] { start_process(kShell, {}, folder.path("none/out")); });
  EXPECT_NE(std::string(nowhere.what()).find("none/out"), std::string::npos) << nowhere.what();
}

// What it started itself goes with it.
TEST(StartProcess, ItsChildrenAreKilledWithIt) {
  const test::TempFolder folder;
  const std::string file = folder.path("pid");
  {
    const Process p = start_process(
        kShell,
        {"-c", "sleep 600 & echo $! > " + file + ".part; mv " + file + ".part " + file + "; wait"},
        folder.path("out"));
    for (int i = 0; i < 1000 && !file_exists(file); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const std::string entry = "/proc/" + std::to_string(std::stoi(read_file(file))) + "/stat";
  const auto lives = [&] {  // who is dead but not collected has state Z
    std::ifstream stat(entry);
    std::string text;
    return std::getline(stat, text) && text.find(") Z") == std::string::npos;
  };
  for (int i = 0; i < 1000 && lives(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(lives());
}

TEST(RunProcess, PassesInputAndBothOutputs) {
  const std::string much(1 << 20, 'x');
  const ProcessResult r = run_process(shell("cat; echo wrong >&2; exit 4"), much);
  EXPECT_TRUE(r.found);
  EXPECT_FALSE(r.timed_out);
  EXPECT_EQ(r.exit_code, 4);
  EXPECT_EQ(r.out, much);
  EXPECT_EQ(r.err, "wrong\n");
}

TEST(RunProcess, LimitsTimeMemoryAndOutput) {
  EXPECT_TRUE(run_process(shell("sleep 60 & sleep 60"), "", {.seconds = 0.2}).timed_out);
  EXPECT_EQ(run_process(shell("ulimit -v"), "", {.memory_bytes = 64 << 20}).out, "65536\n");
  test::error_of<RuntimeError>(
      [&] { run_process(shell("while :; do echo much; done"), "", {.output_bytes = 1000}); });
}

TEST(RunProcess, AProgramThatIsNotThereIsNotFound) {
  EXPECT_FALSE(run_process(std::vector<std::string>{"no-such-program"}, "").found);
}
}  // namespace
}  // namespace cambium::process_test
