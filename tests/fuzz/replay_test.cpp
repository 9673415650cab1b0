// The corpus of every fuzz target, replayed; and that every reader has a target.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "places.h"
#include "tests/fuzz/target.h"

namespace cambium::replay_test {
namespace {
namespace fs = std::filesystem;

std::vector<fs::path> corpus_of(const FuzzTarget& t) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& f :
       fs::directory_iterator(str(CAMBIUM_SOURCE_DIR "/tests/fuzz/corpus/", t.name), none))
    files.push_back(f.path());
  std::ranges::sort(files);
  return files;
}

class Corpus : public ::testing::TestWithParam<const FuzzTarget*> {};

TEST_P(Corpus, IsTakenOrRefused) {
  const std::vector<fs::path> files = corpus_of(*GetParam());
  int taken = 0;
  for (const fs::path& file : files)
    EXPECT_NO_THROW(taken += accepts(*GetParam(), read_file(file))) << file;
  EXPECT_GT(taken, 0) << "no input of " << GetParam()->name << " reaches the end of its reader";
}

// What a reader meets first in the wild: files cut short, and files with one byte wrong.
TEST_P(Corpus, IsTakenOrRefusedWhenDamaged) {
  for (const fs::path& file : corpus_of(*GetParam())) {
    const std::string whole = read_file(file);
    const size_t stride = std::max<size_t>(1, whole.size() / 12);
    for (size_t i = 0; i < whole.size(); i += stride) {
      std::string flipped = whole;
      flipped[i] = char(flipped[i] ^ 0x55);
      EXPECT_NO_THROW(accepts(*GetParam(), whole.substr(0, i))) << file << " cut at " << i;
      EXPECT_NO_THROW(accepts(*GetParam(), flipped)) << file << " flipped at " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Corpus,
                         ::testing::ValuesIn(fuzz_targets().begin(), fuzz_targets().end()),
                         [](const auto& info) { return std::string(info.param->name); });

// A source that opens or parses what a user gives must stand in some target's `reads`.
TEST(FuzzTargets, CoverEveryReader) {
  std::set<std::string, std::less<>> read;
  for (const FuzzTarget* t : fuzz_targets()) read.insert(t->reads.begin(), t->reads.end());
  // Own files, which nobody gives: /proc, and a lock that is only shown.
  const std::set<std::string, std::less<>> own = {"core/system/lock.cpp",
                                                  "core/system/waiting.cpp",
                                                  "data/curation/likeness/near_pairs.cpp",
                                                  "data/curation/scoring/score_files.cpp",
                                                  "search/store/process.cpp",
                                                  "train/run/machine.cpp"};
  const std::regex opens(
      R"(\b(read_file|read_maybe_gzip|load_json|parse_json|load_yaml|parse_yaml|ifstream \w+)"
      R"(|MappedFile \w+)\()");
  const fs::path root = CAMBIUM_SOURCE_DIR;
  int readers = 0;
  for (const char* folder : {"core", "graph", "ops", "blocks", "data", "train", "search", "viz"})
    for (const auto& f : fs::recursive_directory_iterator(root / folder)) {
      if (f.path().extension() != ".cpp") continue;
      const std::string path = fs::relative(f.path(), root).generic_string();
      if (own.contains(path) || !std::regex_search(read_file(f.path()), opens)) continue;
      ++readers;
      EXPECT_TRUE(read.contains(path)) << path << " reads a file, and no fuzz target names it";
    }
  EXPECT_GE(readers, 18);
}
}  // namespace
}  // namespace cambium::replay_test
