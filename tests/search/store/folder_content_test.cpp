// Folders of results: what is refused before anything is written over.
#include "search/store/folder_content.h"

#include "core/system/files.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::folder_content_test {
namespace {
using enum FolderContent;

class FolderContents : public testing::Test {
 protected:
  // A folder of these files.
  std::string with(const std::vector<std::string>& names) {
    const std::string folder = folder_.path(str("f", made_++));
    for (const std::string& name : names) {
      make_folders(folder);
      replace_file(folder + "/" + name, std::string_view("x"));
    }
    return folder;
  }

  bool takes(FolderContent kind, const std::string& folder) {
    try {
      require_folder_for(kind, folder);
    } catch (const UserError& e) {
      EXPECT_FALSE(e.help.empty());
      return false;
    }
    return true;
  }

  const test::TempFolder folder_;
  int made_ = 0;
};

TEST_F(FolderContents, EachKindOfResultsIsKnown) {
  const std::vector<std::pair<FolderContent, std::vector<std::string>>> folders = {
      {kNothing, {}},
      {kNothing, {".lock", "study.lock"}},
      {kBegun, {"study.db", "study.lock"}},
      {kComparison, {"study.json", "study.db", "report.html"}},
      {kModelSearch, {"results.json", "study.db"}},
      {kTableSearch, {"results.json", "report.html"}},
      {kLadder, {"ladder.json", "scale.json", "study.db"}},
      {kLaw, {"scale.json"}},
      {kRun, {"run.json", "spec.yaml"}},
      {kOther, {"mine.txt"}},
      {kOther, {"report.html"}}};
  for (const auto& [kind, names] : folders) EXPECT_EQ(content_of(with(names)), kind);
}

TEST_F(FolderContents, ResultsComeAmongTheirOwnAlone) {
  const std::string model = with({"results.json", "study.db"}), table = with({"results.json"}),
                    begun = with({"study.db"}), mine = with({"mine.txt", "report.html"}),
                    run = with({"run.json"});
  for (const auto kind : {kComparison, kModelSearch, kTableSearch, kLadder}) {
    EXPECT_TRUE(takes(kind, with({})));
    EXPECT_FALSE(takes(kind, mine));
    EXPECT_FALSE(takes(kind, run));
    EXPECT_EQ(takes(kind, model), kind == kModelSearch);
    EXPECT_EQ(takes(kind, table), kind == kTableSearch);
    EXPECT_EQ(takes(kind, begun), kind != kTableSearch) << "the store says whose";
  }
  const auto e = test::error_of([&] { require_folder_for(kModelSearch, mine); });
  EXPECT_EQ(e.what(), str("'", mine, "' holds something else than a search: 'mine.txt'"));
  const auto other = test::error_of([&] { require_folder_for(kComparison, table); });
  EXPECT_EQ(other.what(), str("'", table, "' holds a search of a table, and this is a comparison"));
}
}  // namespace
}  // namespace cambium::folder_content_test
