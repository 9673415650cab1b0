// What the writer writes, the reader reads: the same tree, whatever its texts hold.
#include <gtest/gtest.h>

#include "core/diagnostics.h"
#include "core/rng.h"
#include "core/system/files.h"
#include "core/yaml/spec.h"
#include "tests/support/data/test_data.h"

namespace cambium::yaml_writer_test {
namespace {
namespace fs = std::filesystem;

// Empty when the tree comes back, else what happened.
std::string loss_of(const Yaml& tree) {
  const std::string text = to_yaml(tree);
  try {
    const std::string back = canonical_text(parse_yaml(text, "written"));
    if (back == canonical_text(tree)) return "";
    return str("wrote\n", text, "read ", back, "\nnot  ", canonical_text(tree));
  } catch (const UserError& e) {
    return str("refused: ", render(e), text);
  }
}

Yaml scalar(std::string text, bool quoted) {
  Yaml y;
  y.kind = Yaml::kScalar;
  y.text = std::move(text);
  y.quoted = quoted;
  return y;
}

// Texts that YAML, our expressions or our reader's detours could take for something else.
std::string hostile_text(Random& random) {
  const std::vector<std::string> pieces = {"a",
                                           "embed",
                                           "*",
                                           "?",
                                           ":",
                                           "-",
                                           "#",
                                           "&",
                                           "!",
                                           "|",
                                           ">",
                                           "'",
                                           "\"",
                                           "%",
                                           "@",
                                           "`",
                                           "{",
                                           "}",
                                           "[",
                                           "]",
                                           ",",
                                           " ",
                                           "  ",
                                           "\t",
                                           "\n",
                                           "\r",
                                           "~",
                                           "<<",
                                           "0",
                                           "1e-3",
                                           "$",
                                           "${",
                                           "${a + b}",
                                           "\\",
                                           "\x01",
                                           "\x1b",
                                           "\x7f",
                                           "null",
                                           "true",
                                           "---",
                                           "...",
                                           ": ",
                                           " #",
                                           "\xc3\xa9",
                                           "\xe2\x80\xa8",
                                           "\xef\xbb\xbf",
                                           "\n\n"};
  std::string text;
  for (int64_t n = random.below(5); n >= 0; --n)
    text += pieces[size_t(random.below(int64_t(pieces.size())))];
  return text;
}

// A plain scalar as the reader makes them: one that it reads as itself.
Yaml plain_scalar(Random& random) {
  for (;;) {
    const std::string text = hostile_text(random);
    try {
      const Yaml read = parse_yaml("k: " + text, "t");
      const Yaml* value = read.find("k");
      if (read.entries.size() == 1 && value && value->is_scalar() && !value->quoted) return *value;
    } catch (const UserError&) {
      continue;
    }
  }
}

Yaml random_tree(Random& random, int depth) {
  Yaml y;
  const int64_t kind = random.below(depth > 0 ? 6 : 4);
  if (kind == 0) return y;
  if (kind == 1) return plain_scalar(random);
  if (kind < 4) return scalar(hostile_text(random), true);
  y.kind = kind == 4 ? Yaml::kList : Yaml::kMap;
  for (int64_t n = random.below(4); n > 0; --n) {
    Yaml child = random_tree(random, depth - 1);
    const std::string key = hostile_text(random);
    if (y.is_list())
      y.items.push_back(std::move(child));
    else if (!y.find(key))
      y.entries.push_back({key, {}, std::move(child)});
  }
  return y;
}

TEST(YamlWriter, EveryRandomTreeComesBack) {
  Random random(20);
  int failures = 0;
  for (int i = 0; i < 4000 && failures < 5; ++i) {
    const std::string loss = loss_of(random_tree(random, 3));
    failures += !loss.empty();
    EXPECT_EQ(loss, "") << "tree " << i;
  }
}

TEST(YamlWriter, TextsOfEveryCharacterComeBack) {
  for (int a = 1; a < 0x80; ++a)
    for (const char* around : {"", "x", " "}) {
      const std::string text = around + std::string(1, char(a)) + around;
      EXPECT_EQ(loss_of(scalar(text, true)), "") << a;
      Yaml map;
      map.kind = Yaml::kMap;
      map.entries.push_back({text, {}, scalar(text, true)});
      EXPECT_EQ(loss_of(map), "") << a;
    }
}

TEST(YamlWriter, EverySpecOfOursComesBack) {
  int files = 0;
  for (const auto& f : fs::recursive_directory_iterator(CAMBIUM_SOURCE_DIR "/configs"))
    if (f.path().extension() == ".yaml") {
      EXPECT_EQ(loss_of(load_yaml(f.path())), "") << f.path();
      ++files;
    }
  EXPECT_GT(files, 20);
}

TEST(YamlWriter, WhatTheSuiteOfYamlHoldsComesBack) {
  if (test::skip_without(test::data_path("yaml/yaml-test-suite"))) return;
  int trees = 0;
  for (const auto& f : fs::recursive_directory_iterator(test::data_path("yaml/yaml-test-suite"))) {
    if (f.path().filename() != "in.yaml") continue;
    Yaml tree;
    try {
      tree = load_yaml(f.path());
    } catch (const UserError&) {
      continue;
    }
    ++trees;
    EXPECT_EQ(loss_of(tree), "") << f.path();
  }
  EXPECT_GT(trees, 100);
}

TEST(YamlWriter, PatternsOfNamesStayPlain) {
  const Yaml list = parse_yaml("- embed?\n- pos*\n- ${dim * 4}\n", "t");
  EXPECT_EQ(to_yaml(list), "- embed?\n- pos*\n- ${dim * 4}\n");
  EXPECT_EQ(to_yaml(parse_yaml("a: [1, pos*, ${d * 2}]", "t")), "a: [1, pos*, ${d * 2}]\n");
}
}  // namespace
}  // namespace cambium::yaml_writer_test
