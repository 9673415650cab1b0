// `cambium check` answers any file within two seconds and 500 MB, and ends when it is told to.
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/system/clock.h"
#include "core/system/files.h"
#include "places.h"
#include "tests/support/data/test_data.h"
#include "tests/support/spent.h"

namespace cambium::sizes_test {
namespace {
struct Ended {
  int code = -1;
  double seconds = 0, megabytes = 0;
  std::string err;
};

class Check : public testing::Test {
 protected:
  pid_t start(const std::string& spec) {
    replace_file(folder_.path("s.yaml"), spec);
    const std::string file = folder_.path("s.yaml"), err = folder_.path("err");
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    const int to = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(to, 1);
    ::dup2(to, 2);
    ::execl(CAMBIUM_BINARY_DIR "/cambium", "cambium", "check", file.c_str(), nullptr);
    ::_exit(127);
  }

  Ended run(const std::string& spec) {
    const pid_t pid = start(spec);
    int status = 0;

    struct rusage usage {};

    ::wait4(pid, &status, 0, &usage);
    const auto seconds = [](const timeval& t) {
      return double(t.tv_sec) + double(t.tv_usec) / 1e6;
    };
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            seconds(usage.ru_utime) + seconds(usage.ru_stime), double(usage.ru_maxrss) / 1e3,
            read_file(folder_.path("err"))};
  }

  void expect_refused(const std::string& spec, std::string_view why) {
    const Ended e = run(spec);
    EXPECT_EQ(e.code, 1) << spec << e.err;
    EXPECT_NE(e.err.find(why), std::string::npos) << e.err;
    EXPECT_LT(e.seconds, 2 * test::kMostSeconds) << spec;  // of processors
    EXPECT_LT(e.megabytes, test::kMostMegabytes) << spec;
  }

  test::TempFolder folder_;
};

std::string embedded(const std::string& width, const std::string& train = "{batch: 8, steps: 10}") {
  return str(
      "data: {markov_text: {symbols: 16, order: 2, context: 64, train: 1000000000}}\n"
      "model: [{embed: {dim: ",
      width, "}}, {linear: $vocab}]\ntrain: ", train, "\n");
}

TEST_F(Check, RefusesWidthsThatOverflow) {
  for (const char* width : {"4611686018427387904", "576460752303423488", "100000000000000000",
                            "100000000000000", "100000000000"})
    expect_refused(embedded(width), str("'dim' must be between 1 and 2147483647, got ", width));
}

TEST_F(Check, RefusesWhatIsLargerThanTheMachine) {
  expect_refused(embedded("16777216", "{batch: 1000000, steps: 1}"), "");
  expect_refused(embedded("64", "{batch: 16777216, steps: 1}"), "training needs ");
}

TEST_F(Check, RefusesGraphsAndTablesThatAreTooLarge) {
  const std::string data = "data: {random_tokens: {vocab: 16, context: 1000000, classes: 2}}\n";
  expect_refused(
      data + "model: [{embed: 4}, {tokens_to_graph: full}, gcn, {pool: mean}, {linear: 2}]",
      "neighbours = full makes about");
  expect_refused(data + "model: [{embed: 64}, {positions: sinusoidal}, {pool: mean}, {linear: 2}]",
                 "of fixed numbers is too large");
}

// Graphs of 400 MB are not made to be counted.
TEST_F(Check, SaysWhatALargeGraphWillTakeWithoutMakingIt) {
  const Ended e =
      run("data: {random_tokens: {vocab: 16, context: 256, classes: 2, train: 256, val: 64, test: "
          "64}}\n"
          "model: [{embed: 4}, {tokens_to_graph: full}, gcn, {pool: mean}, {linear: $classes}]\n"
          "train: {steps: 2, batch: 256, eval_batches: 1}\n");
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_LT(e.megabytes, 200);
}

TEST_F(Check, EndsOnASignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const pid_t pid = start(  // some seconds of drawing
        "data: {planted_graph: {nodes: 1000000, edges: 1000000, features: 56}}\n"
        "model: [{gcn: 4}]\ntrain: {batch: 1}\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ::kill(pid, signal);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
  }
}
}  // namespace
}  // namespace cambium::sizes_test
