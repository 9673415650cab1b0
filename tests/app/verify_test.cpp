// cambium verify: its table, its exit code, its errors.
#include "core/system/files.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::verify_test {
namespace {
class VerifyCommand : public ::testing::Test {
 protected:
  VerifyCommand() {
    replace_file(folder_.path("model.yaml"), test::markov_spec("{batch: 8, steps: 4}"));
    make_folders(folder_.path("cells"));
    cell("easy", "tolerance: 100\ndiffers: a start\nnote: a note\n");
    cell("impossible", "tolerance: 0\nprotocol: published\n");
    cell("needy", "tolerance: 1\ndiffers: y\ndata: {vars.x: graphs/some}\n");
  }

  void cell(const std::string& name, const std::string& more) {
    replace_file(folder_.path("cells/" + name + ".yaml"),
                 "title: a chain\npublished: 50.125\nsource: a test\nspec: ../model.yaml\n" + more);
  }

  test::Ran verify(std::vector<std::string> words) const {
    words.insert(words.begin(), "verify");
    words.insert(words.end(), {"--cells", folder_.path("cells"), "--progress", "none", "-o",
                               folder_.path("verify")});
    return test::run_words(words);
  }

  const test::TempFolder folder_;
};

TEST_F(VerifyCommand, ACellThatComesOutPasses) {
  const test::Ran r = verify({"easy"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("easy"), std::string::npos);
  EXPECT_NE(r.out.find("50.12 %"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("+-100  pass, protocol differs"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("easy: a chain; a test\n  pass: "), std::string::npos) << r.out;
  EXPECT_NE(r.out.find(" % against the published 50.12 % +-100; not the published protocol: a start"
                       "\n  a note\n"),
            std::string::npos)
      << r.out;
}

TEST_F(VerifyCommand, OneThatDoesNotExitsWith1) {
  const test::Ran r = verify({"easy", "impossible", "--json"});
  EXPECT_EQ(r.code, 1);
  const Json j = Json::parse(r.out);
  ASSERT_EQ(j.size(), 2u);
  EXPECT_EQ(j[0]["verdict"], "pass");
  EXPECT_EQ(j[1]["verdict"], "FAIL");
  EXPECT_EQ(j[0]["ours"], j[1]["ours"]);
  EXPECT_EQ(j[0]["differs"], "a start");
  const std::string sentence = j[1]["sentence"];
  EXPECT_TRUE(sentence.starts_with("FAIL: ")) << sentence;
  EXPECT_TRUE(sentence.ends_with("; by the published protocol")) << sentence;
}

TEST_F(VerifyCommand, SuggestsTheNearestName) {
  const test::Ran r = verify({"esay"});
  EXPECT_EQ(r.code, 1);
  EXPECT_NE(r.err.find("did you mean 'easy'?"), std::string::npos) << r.err;
}

TEST_F(VerifyCommand, ChecksAllCellsBeforeItTrainsAny) {
  const test::Ran r = verify({"easy", "needy"});
  EXPECT_EQ(r.code, 1);
  EXPECT_TRUE(r.out.empty());
  EXPECT_NE(r.err.find("--data DIR"), std::string::npos) << r.err;
}

TEST_F(VerifyCommand, CheckReadsPublishedCellsToo) {
  const std::string cell = CAMBIUM_SOURCE_DIR "/configs/verify/cora-gcn.yaml";
  const test::Ran good = test::run_words({"check", cell});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_NE(good.out.find("a published result, 5 trainings: cambium verify cora-gcn"),
            std::string::npos)
      << good.out;
}

TEST_F(VerifyCommand, ListsItsCells) {
  const test::Ran r = verify({"--list"});
  EXPECT_EQ(r.code, 0);
  EXPECT_NE(r.out.find("needy"), std::string::npos);
  EXPECT_NE(r.out.find("1 runs"), std::string::npos) << r.out;
  EXPECT_NE(verify({}).err.find("--list"), std::string::npos);
}
}  // namespace
}  // namespace cambium::verify_test
