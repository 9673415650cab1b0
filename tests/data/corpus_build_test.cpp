// Corpora from recipes: what is in them, that nothing but the documents says so, and what is
// refused.
#include <filesystem>

#include "core/packing/byte_reader.h"
#include "core/rng.h"
#include "core/text/json.h"
#include "data/assembly/build.h"
#include "data/assembly/verify.h"
#include "data/curation/likeness/minhash.h"
#include "tests/data/support.h"
#include "tests/support/expect_error.h"

namespace cambium::corpus_build_test {
namespace {
namespace fs = std::filesystem;

Recipe recipe_of(const test::TempFolder& folder, const std::string& text) {
  return load_recipe(write_file(folder, "recipe.yaml", text));
}

// Every file of a corpus and its bytes.
std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != ".lock")
      files[fs::relative(entry.path(), folder)] = read_file(entry.path());
  return files;
}

// The texts of one part of a corpus by their ids.
std::map<std::string, std::string> texts_of(const std::string& folder, const Manifest& manifest,
                                            Split split) {
  std::map<std::string, std::string> texts;
  for (const CorpusShard& s : manifest.shards) {
    if (s.split != split) continue;
    std::string lines;
    EXPECT_TRUE(read_unpacked(str(folder, "/", s.file), 1 << 30, lines));
    for (std::string_view rest = lines; !rest.empty();) {
      const size_t end = rest.find('\n');
      const Json line = parse_json(rest.substr(0, end), s.file);
      texts[line["id"]] = line["text"];
      rest.remove_prefix(end + 1);
    }
  }
  return texts;
}

const Tally& tally_of(const Manifest& m, const std::string& step) {
  for (const StepRecord& s : m.steps)
    if (s.name == step) return s.tally;
  throw std::runtime_error("no step " + step);
}

// Lines of several lengths, some of them twice, that fill several parts.
std::string many_lines(int n, int seed) {
  std::string out;
  for (int i = 0; i < n; ++i) {
    const int value = (i * 7919 + seed) % (n - n / 10);
    out += str("line ", value, std::string(size_t(value * 37 % 900), char('a' + value % 26)), "\n");
  }
  return out;
}

constexpr std::string_view kTwoSources = R"(
sources:
  a: {path: "FOLDER/a/*.txt", split: line}
  b: {path: [FOLDER/b.jsonl, FOLDER/c.csv], meta: {kind: kind}}
steps: [exact_duplicates]
split: {val: 10%, test: 10%}
shards: {size: 1M}
)";

std::string with_folder(std::string text, const test::TempFolder& folder) {
  for (size_t at = 0; (at = text.find("FOLDER/", at)) != text.npos;)
    text.replace(at, 7, folder.path());
  return text;
}

Recipe two_sources(const test::TempFolder& folder) {
  make_folders(folder.path("a"));
  write_file(folder, "a/1.txt", many_lines(30'000, 1));
  write_file(folder, "a/2.txt", many_lines(20'000, 5));
  write_file(folder, "b.jsonl",
             "{\"text\": \"one\\nline\", \"kind\": \"x\"}\n{\"text\": \"two\", \"kind\": 3}\n");
  write_file(folder, "c.csv", "kind,text\ny,\"one\nline\"\nz,\"say \"\"it\"\"\"\n");
  return recipe_of(folder, with_folder(std::string(kTwoSources), folder));
}

TEST(CorpusBuild, HoldsEveryDocumentOnceInOneSplit) {
  const test::TempFolder folder;
  const Recipe recipe = two_sources(folder);
  const std::string out = folder.path("corpus");
  const Manifest m = build_corpus(recipe, out, {}).manifest;
  std::map<std::string, std::string> all;
  size_t documents = 0;
  for (const Split s : {Split::kTrain, Split::kValidation, Split::kTest}) {
    const auto texts = texts_of(out, m, s);
    EXPECT_GT(texts.size(), 2000u) << split_name(s);
    documents += texts.size();
    all.insert(texts.begin(), texts.end());
  }
  EXPECT_EQ(all.size(), documents);
  std::set<std::string> unlike, expected;
  for (const auto& [id, text] : all) EXPECT_TRUE(unlike.insert(text).second) << id;
  for (const std::string& lines : {many_lines(30'000, 1), many_lines(20'000, 5)})
    for (size_t at = 0; at < lines.size();) {
      const size_t end = lines.find('\n', at);
      expected.insert(lines.substr(at, end - at));
      at = end + 1;
    }
  expected.insert({"one\nline", "two", "say \"it\""});
  EXPECT_EQ(unlike, expected);
  EXPECT_EQ(tally_of(m, "read").kept, 50'004);
  EXPECT_EQ(tally_of(m, "exact_duplicates").rules.at("document").dropped,
            50'004 - int64_t(expected.size()));
  EXPECT_EQ(load_manifest(out).json(), m.json());
  EXPECT_FALSE(fs::exists(out + "/work"));
}

TEST(CorpusBuild, IsTheSameForAnyWorkersAndOrderOfFiles) {
  const test::TempFolder folder;
  const Recipe recipe = two_sources(folder);
  build_corpus(recipe, folder.path("one"), {.count = 1});
  const auto one = files_of(folder.path("one"));
  for (const int64_t workers : {2, 4}) {
    build_corpus(recipe, folder.path("more"), {.count = workers});
    EXPECT_EQ(files_of(folder.path("more")), one) << workers;
    fs::remove_all(folder.path("more"));
  }
  // The same documents in other files, whose ids alone differ.
  const std::string first = read_file(folder.path("a/1.txt")),
                    second = read_file(folder.path("a/2.txt"));
  write_file(folder, "a/1.txt", second + first);
  fs::remove(folder.path("a/2.txt"));
  const Manifest other = build_corpus(recipe, folder.path("other"), {.count = 2}).manifest;
  const Manifest was = load_manifest(folder.path("one"));
  for (const Split s : {Split::kTrain, Split::kValidation, Split::kTest}) {
    std::multiset<std::string> a, b;
    for (const auto& [id, text] : texts_of(folder.path("one"), was, s)) a.insert(text);
    for (const auto& [id, text] : texts_of(folder.path("other"), other, s)) b.insert(text);
    EXPECT_EQ(a, b) << split_name(s);
  }
}

TEST(CorpusBuild, GoesOnWhereItWasStoppedWithTheSameBytes) {
  const test::TempFolder folder;
  const Recipe recipe = two_sources(folder);
  build_corpus(recipe, folder.path("one"), {});
  int stops = 0;
  for (bool done = false; !done; ++stops) {
    int asked = 0;
    try {
      build_corpus(recipe, folder.path("stopped"), {.stop = [&] { return ++asked > 2; }});
      done = true;
    } catch (const Stopped&) {
      EXPECT_TRUE(test::error_of([&] { load_manifest(folder.path("stopped")); }).what() ==
                  str("'", folder.path("stopped"), "' holds a corpus that is not finished"));
    }
    ASSERT_LT(stops, 200);
  }
  EXPECT_GT(stops, 5);
  EXPECT_EQ(files_of(folder.path("stopped")), files_of(folder.path("one")));
}

TEST(CorpusBuild, BeginsAnewWhenFilesHaveChanged) {
  const test::TempFolder folder;
  const Recipe recipe = two_sources(folder);
  int asked = 0;
  EXPECT_THROW(build_corpus(recipe, folder.path("corpus"), {.stop = [&] { return ++asked > 3; }}),
               Stopped);
  write_file(folder, "a/3.txt", "another\n");
  const BuiltCorpus built = build_corpus(recipe, folder.path("corpus"), {});
  EXPECT_TRUE(built.began_anew);
  EXPECT_EQ(tally_of(built.manifest, "read").kept, 50'005);
  EXPECT_TRUE(build_corpus(recipe, folder.path("corpus"), {}).was_there);
  write_file(folder, "a/3.txt", "another one\n");
  const auto e = test::error_of([&] { build_corpus(recipe, folder.path("corpus"), {}); });
  EXPECT_NE(std::string(e.what()).find("a/3.txt had 8 bytes and has 12"), std::string::npos)
      << e.what();
}

TEST(CorpusBuild, RefusesOrCountsWhatIsBad) {
  const test::TempFolder folder;
  const std::string lines = "{\"text\": \"good\"}\n{\"text\": 3}\n{\"text\": \"cut";
  write_file(folder, "b.jsonl", lines);
  const std::string spec = with_folder("sources: {b: {path: FOLDER/b.jsonl, bad: BAD}}", folder);
  const auto with = [&](const std::string& bad) {
    std::string text = spec;
    return recipe_of(folder, text.replace(text.find("BAD"), 3, bad));
  };
  const auto e = test::error_of([&] { build_corpus(with("error"), folder.path("no"), {}); });
  EXPECT_EQ(std::string(e.what()),
            str("source 'b': ", folder.path("b.jsonl"), ":2: 'text' is no text"));
  EXPECT_EQ(e.mark.line, 1);
  const Manifest m = build_corpus(with("skip"), folder.path("yes"), {}).manifest;
  EXPECT_EQ(tally_of(m, "read").rules.at("bad").dropped, 2);
  EXPECT_EQ(tally_of(m, "read").kept, 1);
}

TEST(CorpusBuild, CountsTextsThatAreNoUtf8) {
  const test::TempFolder folder;
  write_file(folder, "t.txt", "caf\xE9\nplain\nna\xC3\xAFve\n");
  const Recipe r = recipe_of(
      folder,
      with_folder("sources: {t: {path: FOLDER/t.txt, split: line}}\nsplit: {val: 0, test: 0}",
                  folder));
  const Manifest m = build_corpus(r, folder.path("corpus"), {}).manifest;
  EXPECT_EQ(tally_of(m, "write").rules.at("not_utf8").dropped, 1);
  EXPECT_EQ(texts_of(folder.path("corpus"), m, Split::kTrain).size(), 2u);
}

// Texts of 60 words in families: a first one, and others with some words replaced.
std::vector<std::string> families(int n, int members) {
  Random random(9);
  std::vector<std::string> texts;
  for (int f = 0; f < n; ++f) {
    std::vector<std::string> words;
    for (int w = 0; w < 60; ++w) words.push_back(str("word", random.below(20'000)));
    for (int m = 0; m < members; ++m) {
      std::vector<std::string> mine = words;
      for (int k = 0; k < m; ++k) mine[random.below(60)] = str("other", random.below(20'000));
      std::string text;
      for (const std::string& word : mine) text += word + " ";
      texts.push_back(text);
    }
  }
  return texts;
}

TEST(CorpusBuild, DropsTextsThatAreLikeOneThatStays) {
  const test::TempFolder folder;
  const std::vector<std::string> texts = families(150, 6);
  std::string lines;
  for (const std::string& text : texts) lines += text + "\n";
  write_file(folder, "t.txt", lines);
  const Recipe recipe =
      recipe_of(folder, with_folder("sources: {t: {path: FOLDER/t.txt, split: line}}\n"
                                    "steps: [{near_duplicates: 0.7}]\n"
                                    "split: {val: 0, test: 0}\n",
                                    folder));
  build_corpus(recipe, folder.path("one"), {.count = 1});
  const auto one = files_of(folder.path("one"));
  for (const int64_t workers : {2, 4}) {
    const std::string out = folder.path(str("out", workers));
    build_corpus(recipe, out, {.count = workers});
    EXPECT_EQ(files_of(out), one) << workers;
  }
  std::vector<std::vector<uint64_t>> kept, all;
  std::set<std::string> stays;
  for (const auto& [id, text] :
       texts_of(folder.path("one"), load_manifest(folder.path("one")), Split::kTrain)) {
    stays.insert(text);
    shingles_of(text, {}, kept.emplace_back());
  }
  EXPECT_GT(stays.size(), 150u);
  EXPECT_LT(stays.size(), 800u);
  std::vector<uint64_t> mine;
  for (const std::string& text : texts) {
    if (stays.contains(text)) continue;
    shingles_of(text, {}, mine);
    const bool like =
        std::ranges::any_of(kept, [&](const auto& k) { return jaccard(mine, k) >= 0.7; });
    EXPECT_TRUE(like) << text;
  }
  // Pairs of .9 meet with a chance of .9999.
  for (size_t i = 0; i < kept.size(); ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_LT(jaccard(kept[i], kept[j]), 0.9);
}

TEST(CorpusBuild, IsCheckedAgainstItsManifest) {
  const test::TempFolder folder;
  const Recipe recipe = two_sources(folder);
  const std::string out = folder.path("corpus");
  const Manifest m = build_corpus(recipe, out, {}).manifest;
  EXPECT_NO_THROW(verify_corpus(out, {}));
  const std::string shard = str(out, "/", m.shards[0].file), whole = read_file(shard);
  std::string changed = whole;
  changed[changed.size() / 2] ^= 1;
  replace_file(shard, changed);
  EXPECT_THROW(verify_corpus(out, {}), UserError);
  replace_file(shard, whole.substr(0, whole.size() / 2));
  EXPECT_THROW(verify_corpus(out, {}), UserError);
  fs::remove(shard);
  EXPECT_THROW(verify_corpus(out, {}), UserError);
  EXPECT_THROW(load_manifest(folder.path("none")), UserError);
}

TEST(CorpusBuild, RefusesFoldersOfOthers) {
  const test::TempFolder folder;
  const Recipe recipe = two_sources(folder);
  make_folders(folder.path("mine"));
  write_file(folder, "mine/thesis.txt", "x");
  EXPECT_THROW(build_corpus(recipe, folder.path("mine"), {}), UserError);
  EXPECT_EQ(read_file(folder.path("mine/thesis.txt")), "x");
  build_corpus(recipe, folder.path("corpus"), {});
  const Recipe other =
      recipe_of(folder, with_folder("sources: {b: {path: FOLDER/b.jsonl}}", folder));
  EXPECT_THROW(build_corpus(other, folder.path("corpus"), {}), UserError);
}
}  // namespace
}  // namespace cambium::corpus_build_test
