// `cambium data audit` as a command: what it writes, and what it refuses.
#include <filesystem>

#include "tests/app/run_in_process.h"
#include "tests/data/audit/support.h"

namespace cambium::audit_command_test {
namespace {
class AuditCommand : public ::testing::Test {
 protected:
  AuditCommand() : corpus_(test::built_corpus(folder_, test::made_texts())) {}

  static test::Ran run(std::vector<std::string> args) {
    args.insert(args.begin(), {"data", "audit"});
    return test::run_words(args);
  }

  test::TempFolder folder_;
  std::string corpus_;
};

TEST_F(AuditCommand, WritesTheSamePageAndNumbersForAnyJobs) {
  std::string page, json;
  for (const char* jobs : {"1", "2", "4"}) {
    const std::string html = folder_.path("a.html"), numbers = folder_.path("a.json");
    const test::Ran ran = run({corpus_, "-o", html, "-o", numbers, "--jobs", jobs, "--terms",
                               "prose0,prose1", "--about", "the", "--progress", "none"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_NE(ran.out.find(html + "\n"), ran.out.npos);
    std::string now = read_file(html);
    // The page holds the command, which names the jobs.
    now = now.substr(0, now.find("Reproduce"));
    if (page.empty()) page = now;
    if (json.empty()) json = read_file(numbers);
    EXPECT_EQ(now, page) << jobs;
    EXPECT_EQ(read_file(numbers), json) << jobs;
  }
}

// Programs read these keys.
TEST_F(AuditCommand, JsonHasItsKeys) {
  const test::Ran ran = run({corpus_, "--json", "--terms", "prose0,prose1", "--about", "the"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json json = parse_json(ran.out, "out");
  const auto keys = [](const Json& object) {
    std::string all;
    for (const auto& [key, value] : object.items()) all += key + " ";
    return all;
  };
  EXPECT_EQ(keys(json),
            "format version name content documents bytes sampled looked_at words model_bytes "
            "near_duplicates keys terms samples findings ");
  EXPECT_EQ(json["version"], 1);
  const Json& key = json["keys"][0];
  EXPECT_EQ(keys(key), "key entropy effective slices all overlap ");
  EXPECT_EQ(
      keys(key["slices"][0]),
      "value looked_at documents bytes words document_share byte_share word_quartiles lengths "
      "duplicates bits_per_byte would_drop characteristic ");
  EXPECT_EQ(keys(key["slices"][0]["would_drop"]),
            "gopher_quality gopher_repetition c4_quality fineweb_quality ");
  EXPECT_EQ(keys(key["overlap"]), "top jaccard covered unseen beyond different ");
  EXPECT_EQ(keys(json["terms"]), "passage passages terms about pairs contrasts ");
  EXPECT_EQ(keys(json["terms"]["pairs"][0]),
            "term about together documents expected pmi low high npmi ");
}

TEST_F(AuditCommand, RefusesWhatItCannotAudit) {
  const auto refused = [](const test::Ran& ran, int code = kExitUser) {
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_TRUE(ran.out.empty());
    return ran.err;
  };
  const auto says = [&](const std::string& err, std::string_view part) {
    EXPECT_NE(err.find(part), err.npos) << err;
  };
  says(refused(run({folder_.path("none")})), "is neither a folder nor a file");
  std::filesystem::create_directories(folder_.path("empty"));
  says(refused(run({folder_.path("empty")})), "holds no corpus");
  std::filesystem::create_directories(folder_.path("begun/work"));
  says(refused(run({folder_.path("begun")})), "holds a corpus that is not finished");
  const std::string key = refused(run({corpus_, "--by", "sources"}));
  says(key, "no document has a key 'sources'");
  says(key, "did you mean 'source'?");
  says(refused(run({corpus_, "-o", "audit.pdf"})), "must end in .html or .json");
  says(refused(run({corpus_, "--terms", "he,she"})), "nothing that they stand about");
  says(refused(run({corpus_, "--sample", "some"})), "--sample");
  says(refused(run({folder_.path("corpus.yaml"), "--terms", folder_.path("none.yaml")}),
               kExitRuntime),
       "none.yaml");
  const std::string shard = corpus_ + "/" + load_manifest(corpus_).shards[1].file;
  std::filesystem::resize_file(shard, std::filesystem::file_size(shard) - 1);
  says(refused(run({corpus_})), "bytes where");
  std::filesystem::remove(shard);
  says(refused(run({corpus_})), "is missing");
}

TEST_F(AuditCommand, LeavesNothingBehind) {
  const auto left = [] {
    size_t n = 0;
    for (const auto& e :
         std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
      n += e.path().filename().string().starts_with("cambium-audit-");
    return n;
  };
  const size_t before = left();
  EXPECT_EQ(run({corpus_}).code, 0);
  EXPECT_EQ(run({corpus_, "--by", "none"}).code, kExitUser);
  EXPECT_EQ(left(), before);
}

TEST_F(AuditCommand, TakesRecipes) {
  const test::Ran ran = run({folder_.path("corpus.yaml"), "--by", "source"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("prose"), ran.out.npos);
  write_file(folder_, "stdin.yaml", "sources: {a: {path: \"-\"}}\n");
  const test::Ran refused = run({folder_.path("stdin.yaml")});
  EXPECT_EQ(refused.code, kExitUser);
  EXPECT_NE(refused.err.find("standard input can be read once"), refused.err.npos) << refused.err;
}
}  // namespace
}  // namespace cambium::audit_command_test
