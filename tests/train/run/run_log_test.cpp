#include "train/run/run_log.h"

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::run_log_test {
namespace {
using test::error_of;
using test::TempFolder;

TEST(RunLog, GrowsByLines) {
  const TempFolder folder;
  RunLog log(folder.path("log"), 0);
  log.append({{"step", 1}, {"loss", 0.1}});
  log.append({{"step", 2}});
  EXPECT_EQ(read_file(folder.path("log")), "{\"step\":1,\"loss\":0.1}\n{\"step\":2}\n");
  EXPECT_EQ(log.bytes(), int64_t(read_file(folder.path("log")).size()));
}

TEST(RunLog, IsCutToWhatACheckpointSaw) {
  const TempFolder folder;
  int64_t kept = 0;
  {
    RunLog log(folder.path("log"), 0);
    log.append({{"step", 1}});
    kept = log.bytes();
    log.append({{"step", 2}});
  }
  RunLog log(folder.path("log"), kept);
  log.append({{"step", 3}});
  EXPECT_EQ(read_file(folder.path("log")), "{\"step\":1}\n{\"step\":3}\n");
}

TEST(RunLog, ShorterThanItsCheckpointIsRefused) {
  const TempFolder folder;
  const auto e = error_of<RuntimeError>([&] { RunLog(folder.path("log"), 10); });
  EXPECT_NE(std::string(e.what()).find("its checkpoint was made at 10"), std::string::npos);
}

TEST(RunLog, InAMissingFolderIsAnError) {
  const auto e = error_of<RuntimeError>([] { RunLog("/nonexistent/log", 0); });
  EXPECT_NE(std::string(e.what()).find("/nonexistent/log"), std::string::npos);
}

TEST(RunLog, ReaderLeavesOutAHalfWrittenLine) {
  const TempFolder folder;
  replace_file(folder.path("log"), "{\"step\":1}\n{\"step\":2}\n{\"st");
  const std::vector<Json> lines = read_log(folder.path("log"));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1]["step"], 2);
}

TEST(RunLog, ReaderNamesADamagedLine) {
  const TempFolder folder;
  replace_file(folder.path("log"), "{\"step\":1}\n{\"step\n");
  const auto e = error_of([&] { read_log(folder.path("log")); });
  EXPECT_EQ(e.mark.line, 2);
}
}  // namespace
}  // namespace cambium::run_log_test
