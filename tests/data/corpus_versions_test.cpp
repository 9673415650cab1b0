// Versions: a corpus that adds to another keeps its shards byte for byte, and takes in nothing that
// is like what models are judged by.
#include <filesystem>

#include "core/packing/byte_reader.h"
#include "core/rng.h"
#include "core/text/json.h"
#include "data/assembly/build.h"
#include "data/assembly/contents.h"
#include "data/assembly/verify.h"
#include "tests/data/support.h"
#include "tests/support/expect_error.h"

namespace cambium::corpus_versions_test {
namespace {
namespace fs = std::filesystem;

// So many words of a made-up language, no two texts alike.
std::vector<std::string> texts_of(uint64_t seed, int n) {
  std::vector<std::string> texts;
  Random random(seed, 7);
  for (int i = 0; i < n; ++i) {
    std::string text;
    for (int w = 0; w < 60; ++w) text += str(w > 0 ? " " : "", "w", random.below(5000));
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string lines_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& t : texts) out += t + "\n";
  return out;
}

std::map<std::string, Split> documents_of(const std::string& folder) {
  std::map<std::string, Split> out;
  const Manifest m = load_manifest(folder);
  for (const CorpusShard& s : m.shards) {
    const auto documents = open_shard(folder, s);
    for (Document d; documents->next(d);) out[std::string(d.text)] = s.split;
  }
  return out;
}

class Versions : public testing::Test {
 protected:
  Versions() : old_(texts_of(1, 400)), fresh_(texts_of(2, 200)) {
    for (int i = 1; i < 40; ++i) old_.push_back(std::string(size_t(i), '-'));  // without a word
    replace_file(folder_.path("old.txt"), lines_of(old_));
    build("old.yaml", "sources: {web: {path: OLD, split: line}}\nsplit: {val: 20%, test: 20%}\n",
          "first");
  }

  BuiltCorpus build(const std::string& name, std::string recipe, const std::string& to,
                    int64_t workers = 2) {
    for (const auto& [word, file] :
         {std::pair("OLD", "old.txt"), {"NEW", "new.txt"}, {"FIRST", "first"}})
      for (size_t at = 0; (at = recipe.find(word, at)) != recipe.npos;)
        recipe.replace(at, std::string_view(word).size(), folder_.path(file));
    replace_file(folder_.path(name), recipe);
    return build_corpus(load_recipe(folder_.path(name)), folder_.path(to), {.count = workers});
  }

  // Of each part of the first version a document with one word more in the middle, and new ones.
  void write_new() {
    std::vector<std::string> texts = fresh_;
    for (const auto& [text, split] : documents_of(folder_.path("first"))) {
      copies_[split].push_back(text[0] == '-' ? text : text + " more");
      texts.push_back(copies_[split].back());
      if (copies_[split].size() % 3 == 0) texts.push_back(text);  // and some as they are
    }
    replace_file(folder_.path("new.txt"), lines_of(texts));
  }

  void expect_old_shards() const {
    const Manifest first = load_manifest(folder_.path("first"));
    for (const CorpusShard& s : first.shards)
      EXPECT_EQ(read_file(folder_.path("first/" + s.file)),
                read_file(folder_.path("second/" + s.file)))
          << s.file;
  }

  test::TempFolder folder_;
  std::vector<std::string> old_, fresh_;
  std::map<Split, std::vector<std::string>> copies_;
};

constexpr const char* kAppends =
    "append: FIRST\nsources: {web: {path: NEW, split: line}}\nsplit: {val: 0, test: 0}\n";

TEST_F(Versions, TakeInNothingLikeWhatIsHeldOut) {
  write_new();
  const Manifest m = build("new.yaml", kAppends, "second").manifest;
  expect_old_shards();
  EXPECT_EQ(m.version, 2);
  EXPECT_EQ(m.before(), hash_name(load_manifest(folder_.path("first")).content()));
  const auto now = documents_of(folder_.path("second"));
  for (const std::string& t : fresh_) EXPECT_EQ(now.at(t), Split::kTrain);
  for (const Split s : {Split::kValidation, Split::kTest})
    for (const std::string& t : copies_[s])  // one without a word is the old one itself
      EXPECT_TRUE(!now.contains(t) || now.at(t) == s) << t;
  for (const std::string& t : copies_[Split::kTrain]) EXPECT_TRUE(now.contains(t));
  EXPECT_NO_THROW(verify_corpus(folder_.path("second"), {}));
  EXPECT_EQ(load_manifest(folder_.path("second")).json(), m.json());
}

TEST_F(Versions, AreDeduplicatedAgainstWhatWasThere) {
  write_new();
  build("new.yaml", str(kAppends, "steps: [exact_duplicates, near_duplicates]\n"), "second");
  expect_old_shards();
  const auto now = documents_of(folder_.path("second"));
  EXPECT_EQ(now.size(), old_.size() + fresh_.size());
  const auto first = documents_of(folder_.path("first"));
  for (const auto& [text, split] : first) EXPECT_EQ(now.at(text), split);
}

// Whatever the recipe itself takes for a duplicate.
TEST_F(Versions, AStricterStepOfTheRecipeDoesNotLetHeldOutTextsIn) {
  write_new();
  for (const char* step :
       {"{near_duplicates: {similarity: 0.99}}", "{near_duplicates: {action: mark}}"}) {
    build("new.yaml", str(kAppends, "steps: [", step, "]\n"), "second");
    const auto now = documents_of(folder_.path("second"));
    for (const Split s : {Split::kValidation, Split::kTest})
      for (const std::string& t : copies_[s]) EXPECT_TRUE(!now.contains(t) || now.at(t) == s) << t;
    fs::remove_all(folder_.path("second"));
  }
}

// More texts are alike than a band compares, and nearly all of them are trained on.
TEST_F(Versions, ManyAlikeDoNotHideThoseThatAreHeldOut) {
  std::vector<std::string> alike;
  for (int i = 0; i < 300; ++i) alike.push_back(str(texts_of(9, 1)[0], " number ", i));
  replace_file(folder_.path("old.txt"), lines_of(alike));
  fs::remove_all(folder_.path("first"));
  build("old.yaml", "sources: {web: {path: OLD, split: line}}\nsplit: {val: 10%, test: 10%}\n",
        "first");
  std::vector<std::string> held_out;
  for (const auto& [text, split] : documents_of(folder_.path("first")))
    if (split != Split::kTrain) held_out.push_back(text);
  ASSERT_GT(held_out.size(), 30u);
  replace_file(folder_.path("new.txt"), lines_of(held_out));
  for (const char* split : {"{val: 0, test: 0}", "{val: 10%, test: 10%}"}) {
    build("new.yaml",
          str("append: FIRST\nsources: {web: {path: NEW, split: line}}\nsplit: ", split, "\n"),
          "second");
    const auto now = documents_of(folder_.path("second"));
    for (const std::string& t : held_out) EXPECT_NE(now.at(t), Split::kTrain) << t;
    fs::remove_all(folder_.path("second"));
  }
}

// B is like A, and A like what is trained on, of which B is not.
TEST_F(Versions, ClustersStayTogetherWhereOneIsTrainedOn) {
  const std::vector<std::string> old = texts_of(11, 60);
  replace_file(folder_.path("old.txt"), lines_of(old));
  fs::remove_all(folder_.path("first"));
  build("old.yaml", "sources: {web: {path: OLD, split: line}}\nsplit: {val: 0, test: 0}\n",
        "first");
  std::vector<std::string> texts;
  for (const std::string& t : old)
    for (const int words : {1, 8}) texts.push_back(str(t, words == 1 ? " a" : " a b c d e f g h"));
  replace_file(folder_.path("new.txt"), lines_of(texts));
  build("new.yaml",
        "append: FIRST\nsources: {web: {path: NEW, split: line}}\nsteps: [{near_duplicates: "
        "{similarity: 0.85, action: mark}}]\nsplit: {val: 40%, test: 40%, by: cluster}\n",
        "second");
  const auto now = documents_of(folder_.path("second"));
  for (size_t i = 0; i < texts.size(); i += 2)
    EXPECT_EQ(now.at(texts[i]) == Split::kTrain, now.at(texts[i + 1]) == Split::kTrain) << i;
  const UserError none = test::error_of([&] {
    build("none.yaml",
          "append: FIRST\nsources: {web: {path: NEW, split: line}}\nsplit: {val: 40%, by: "
          "cluster}\n",
          "third");
  });
  EXPECT_NE(std::string_view(none.what()).find("clusters are found by the step near_duplicates"),
            std::string_view::npos)
      << none.what();
}

// What was trained on is not held out by a later version, nor what is like it.
TEST_F(Versions, HoldOutNothingThatIsTrainedOn) {
  write_new();
  build("new.yaml",
        "append: FIRST\nsources: {web: {path: NEW, split: line}}\nsplit: {val: 40%, test: 40%}\n",
        "second");
  const std::string folder = folder_.path("second");
  std::set<std::string> trained;
  int64_t held_out = 0;
  for (const bool train : {true, false})
    for (const CorpusShard& s : load_manifest(folder).shards) {
      if ((s.split == Split::kTrain) != train) continue;
      const auto documents = open_shard(folder, s);
      for (Document d; documents->next(d);) {
        std::string text(d.text);
        if (text.ends_with(" more")) text.resize(text.size() - 5);
        if (train) trained.insert(text);
        EXPECT_FALSE(!train && trained.contains(text)) << text;
        held_out += !train && s.version == 2;
      }
    }
  EXPECT_GT(held_out, 50);
}

// Rules judge new documents alone, however bad the old ones are by them.
TEST_F(Versions, OldDocumentsAreNotJudged) {
  write_new();
  const Manifest m =
      build("new.yaml", str(kAppends, "steps: [{quality: gopher}]\n"), "second").manifest;
  expect_old_shards();
  EXPECT_EQ(m.steps[1].tally.kept, 0);
  EXPECT_EQ(documents_of(folder_.path("second")).size(), old_.size());
}

TEST_F(Versions, AreTheSameForAnyWorkersAndGoOnWhereTheyEnded) {
  write_new();
  const std::string recipe = str(kAppends, "steps: [exact_duplicates, near_duplicates]\n");
  build("new.yaml", recipe, "second", 1);
  int64_t calls = 0;
  for (int64_t after = 0; calls == 0; after += 3) try {
      int64_t left = after;
      const Workers stopping{.count = 2, .stop = [&] { return left-- == 0; }};
      build_corpus(load_recipe(folder_.path("new.yaml")), folder_.path("third"), stopping);
      ++calls;
    } catch (const Stopped&) {
      continue;
    }
  EXPECT_EQ(read_file(folder_.path("second/manifest.json")),
            read_file(folder_.path("third/manifest.json")));
  EXPECT_NO_THROW(verify_corpus(folder_.path("third"), {}));
}

TEST_F(Versions, AddToVersions) {
  write_new();
  build("new.yaml", kAppends, "second");
  replace_file(folder_.path("old.txt"), lines_of(texts_of(3, 50)));
  std::string third = "append: FIRST\nsources: {more: {path: OLD, split: line}}\n";
  third.replace(third.find("FIRST"), 5, folder_.path("second"));
  const Manifest m = build("third.yaml", third, "third").manifest;
  EXPECT_EQ(m.version, 3);
  ASSERT_EQ(m.history.size(), 2u);
  std::set<int64_t> versions;
  for (const CorpusShard& s : m.shards) versions.insert(s.version);
  EXPECT_EQ(versions, (std::set<int64_t>{1, 2, 3}));
  EXPECT_NO_THROW(verify_corpus(folder_.path("third"), {}));
}

TEST_F(Versions, ThatCannotBeAreRefused) {
  write_new();
  const auto error = [&](const std::string& recipe, const std::string& to) {
    return test::error_of([&] { build("new.yaml", recipe, to); });
  };
  EXPECT_TRUE(std::string_view(error(kAppends, "first").what()).starts_with("a version stands in"));
  const UserError none = error("append: FIRSTLY\nsources: {web: {path: NEW, split: line}}\n", "x");
  EXPECT_NE(std::string_view(none.what()).find("holds no corpus"), std::string_view::npos);
  EXPECT_EQ(none.mark.line, 1);
  const UserError alone =
      error("sources: {web: {path: NEW}}\nsteps: [{near_duplicates: {against: held_out}}]\n", "x");
  EXPECT_NE(std::string_view(alone.what()).find("no corpus whose held-out"), std::string_view::npos)
      << alone.what();
  // A shard of the first version that was changed since.
  const std::string shard =
      folder_.path("first/" + load_manifest(folder_.path("first")).shards[0].file);
  replace_file(shard, read_file(shard) + " ");
  EXPECT_NE(std::string_view(error(kAppends, "x").what()).find("is not as it was written"),
            std::string_view::npos);
}

// The same command again, after the corpus that it adds to has become another.
TEST_F(Versions, OfAnotherFirstAreOthers) {
  write_new();
  build("new.yaml", kAppends, "second");
  EXPECT_TRUE(build("new.yaml", kAppends, "second").was_there);
  fs::remove_all(folder_.path("first"));
  build("old.yaml", "sources: {web: {path: OLD, split: line}}\nsplit: {val: 30%, test: 20%}\n",
        "first");
  const UserError e = test::error_of([&] { build("new.yaml", kAppends, "second"); });
  EXPECT_NE(std::string_view(e.what()).find("as that was before"), std::string_view::npos);
}
}  // namespace
}  // namespace cambium::corpus_versions_test
