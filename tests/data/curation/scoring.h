// What the tests of steps that learn share: two sources, and a corpus made of them.
#pragma once
#include <filesystem>
#include <map>
#include <set>

#include "core/packing/byte_reader.h"
#include "core/rng.h"
#include "core/text/json.h"
#include "data/assembly/build.h"
#include "tests/data/support.h"
#include "tests/support/expect_error.h"

namespace cambium::test {
namespace fs = std::filesystem;

inline std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != ".lock")
      files[fs::relative(entry.path(), folder)] = read_file(entry.path());
  return files;
}

inline std::set<std::string> texts_of(const std::string& folder, const Manifest& manifest,
                                      const std::string& source) {
  std::set<std::string> texts;
  for (const CorpusShard& s : manifest.shards) {
    if (s.source != source) continue;
    std::string lines;
    EXPECT_TRUE(read_unpacked(str(folder, "/", s.file), 1 << 30, lines));
    for (std::string_view rest = lines; !rest.empty();) {
      const size_t end = rest.find('\n');
      texts.insert(parse_json(rest.substr(0, end), s.file)["text"]);
      rest.remove_prefix(end + 1);
    }
  }
  return texts;
}

// Sentences of a vocabulary of its own, of which few are common.
inline std::string sentence(Random& random, const std::string& vocabulary, int words) {
  std::string out;
  for (int i = 0; i < words; ++i) {
    const uint32_t n = random.below(1 + random.below(400));
    out += (i ? " " : "") + vocabulary + str(n * 7919 % 1000, vocabulary[n % vocabulary.size()]);
  }
  return out + ".";
}

inline std::vector<std::string> many(int n, const std::string& vocabulary, int words,
                                     uint64_t seed) {
  Random random(seed);
  std::vector<std::string> out;
  for (int i = 0; i < n; ++i) out.push_back(sentence(random, vocabulary, words));
  return out;
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

class Scoring : public testing::Test {
 protected:
  // Books, and a web of which a half is like them.
  Scoring() {
    web_ = many(400, "house", 30, 2);
    for (const std::string& line : many(400, "zqxj", 30, 3)) web_.push_back(line);
    write_file(folder_, "books.txt", joined(many(600, "house", 30, 1)));
    write_file(folder_, "web.txt", joined(web_));
  }

  Recipe recipe(const std::string& steps) const {
    return load_recipe(
        write_file(folder_, "r.yaml",
                   str("sources: {books: {path: ", folder_.path("books.txt"),
                       ", split: line}, web: {path: '", folder_.path("web*.txt"),
                       "', split: line}}\nsteps: [", steps, "]\nsplit: {val: 0, test: 0}\n")));
  }

  Manifest build(const std::string& steps, const std::string& out = "out", int64_t workers = 2) {
    fs::remove_all(folder_.path(out));
    return build_corpus(recipe(steps), folder_.path(out), {.count = workers}).manifest;
  }

  void expect_same_bytes(const std::string& steps) {
    build(steps, "one", 1);
    const auto one = files_of(folder_.path("one"));
    for (const int64_t workers : {2, 4}) {
      build(steps, "more", workers);
      EXPECT_EQ(files_of(folder_.path("more")), one) << workers;
    }
    int stops = 0;
    for (bool done = false; !done; ++stops) {
      int asked = 0;
      try {
        build_corpus(recipe(steps), folder_.path("stopped"), {.stop = [&] { return ++asked > 2; }});
        done = true;
      } catch (const Stopped&) {
      }
      ASSERT_LT(stops, 100);
    }
    EXPECT_GT(stops, 3);
    EXPECT_EQ(files_of(folder_.path("stopped")), one);
    // The same texts in other files and another order.
    const Manifest was = load_manifest(folder_.path("one"));
    std::vector<std::string> turned(web_.rbegin(), web_.rend());
    write_file(folder_, "web.txt", joined({turned.begin(), turned.begin() + 100}));
    write_file(folder_, "web2.txt", joined({turned.begin() + 100, turned.end()}));
    const Manifest other = build(steps, "other");
    EXPECT_EQ(texts_of(folder_.path("other"), other, "web"),
              texts_of(folder_.path("one"), was, "web"));
    EXPECT_EQ(other.steps[1].findings, was.steps[1].findings);
  }

  const TempFolder folder_;
  std::vector<std::string> web_;
};
}  // namespace cambium::test
