// Where test data outside the repository stands, and throw-away folders.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "places.h"

namespace cambium::test {
// A path under CAMBIUM_TEST_DATA (default ../shared/data beside the source folder).
inline std::string data_path(const std::string& relative) {
  const char* root = std::getenv("CAMBIUM_TEST_DATA");
  return (root ? std::string(root) : CAMBIUM_SOURCE_DIR "/../shared/data") + "/" + relative;
}

// Skips the test when what is outside the repository is not there; true: leave the test.
inline bool skip_without(const std::string& path, const char* cure = "set CAMBIUM_TEST_DATA") {
  if (std::filesystem::exists(path)) return false;
  [&] { GTEST_SKIP() << "no " << path << " (" << cure << ")"; }();
  return true;
}

// A folder of this test's own, empty at the start and removed at the end.
class TempFolder {
 public:
  TempFolder() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string("cambium_") + info->test_suite_name() + "_" + info->name() +
                       "_" + std::to_string(::getpid());
    for (char& c : name) c = c == '/' ? '_' : c;
    path_ = std::filesystem::temp_directory_path() / name;
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }

  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(const std::string& name = "") const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};
}  // namespace cambium::test
