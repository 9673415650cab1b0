// `init:` by the names of tokens and classes, by heads, and from files of others.
#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>

#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/weights/facts.h"
#include "train/weights/transfer.h"

namespace cambium::transfer_names_test {
namespace {
using Texts = std::vector<std::string>;

class NamedTransfers : public testing::Test {
 protected:
  void train(const std::string& run, const std::string& spec) {
    test::Remember seen;
    run_training(test::open_text(folder_, spec), {.folder = folder_.path(run)}, seen);
    notes_ = seen.notes;
  }

  // A model of characters that learns nothing from the text, and ends as it starts.
  std::string chars(const std::string& init, const std::string& text) {
    replace_file(folder_.path(text + ".txt"), repeated(text));
    return str(init, "data: {text_chars: {path: ", folder_.path(text + ".txt"),
               ", context: 8}}\nmodel: [{embed: 5}, {linear: 3}, {linear: {width: $classes}, name: "
               "head}]\ntrain: {batch: 8, steps: 1, optimizer: {sgd: {lr: 0}}}\n");
  }

  std::string from(const std::string& source, const std::string& more) const {
    return str("init:\n  from: ", folder_.path(source), "\n", more);
  }

  static std::string repeated(const std::string& text) {
    std::string out;
    while (out.size() < 1200) out += text;
    return out;
  }

  Tensors weights(const std::string& run) const {
    return load_weights(folder_.path(run), true).tensors;
  }

  // Without what is said of the rate, which is 0 on purpose.
  std::vector<UserError> notes_of(const std::string& text) const {
    std::vector<UserError> out = test::open_text(folder_, text).notes;
    std::erase_if(out, [](const UserError& n) {
      return std::string_view(n.what()) == "lr = 0 moves nothing";
    });
    return out;
  }

  std::vector<UserError> errors_of(const std::string& text) const {
    return test::error_of<UserErrors>([&] { test::open_text(folder_, text); }).all;
  }

  test::TempFolder folder_;
  test::OneThread one_thread_;
  Texts notes_;
};

std::vector<float> column(const Tensor& t, int64_t at) {
  std::vector<float> out;
  const int64_t n = t.shape().last();
  for (int64_t i = 0; i < t.count() / n; ++i) out.push_back(t.f32()[size_t(i * n + at)]);
  return out;
}

std::vector<float> row(const Tensor& t, int64_t at) {
  const size_t n = size_t(t.shape().last());
  const auto part = t.f32().subspan(size_t(at) * n, n);
  return {part.begin(), part.end()};
}

const std::string kByToken =
    "  resize: {embed.table: by_token, head.weight: by_token, head.bias: by_token}\n";

// abcd has the ids 0 1 2 3, bdez the ids b d e z: b was 1 and is 0, d was 3 and is 1.
TEST_F(NamedTransfers, RowsAndColumnsFollowTheirTokens) {
  train("base", chars("", "abcd"));
  train("scratch", chars("", "bdezy"));
  train("next", chars(from("base", kByToken), "bdezy"));
  const Tensors was = weights("base"), is = weights("next"), fresh = weights("scratch");
  for (const auto& [now, before] : {std::pair{0, 1}, std::pair{1, 3}}) {
    EXPECT_EQ(row(is.at("embed.table"), now), row(was.at("embed.table"), before));
    EXPECT_EQ(column(is.at("head.weight"), now), column(was.at("head.weight"), before));
    EXPECT_EQ(column(is.at("head.bias"), now), column(was.at("head.bias"), before));
  }
  for (const int64_t own : {2, 3, 4}) {
    EXPECT_EQ(row(is.at("embed.table"), own), row(fresh.at("embed.table"), own));
    EXPECT_EQ(column(is.at("head.weight"), own), column(fresh.at("head.weight"), own));
  }
  EXPECT_TRUE(std::ranges::equal(is.at("linear.weight").raw(), was.at("linear.weight").raw()));
  const Json tensors = load_json(folder_.path("next/run.json")).at("init").at("tensors");
  EXPECT_EQ(tensors[0].at("rule"), "by_token");
  EXPECT_EQ(tensors[0].at("found"), 2);
}

// Equal shapes, other places: names move rows also then, and nothing is to be noted any more.
TEST_F(NamedTransfers, EqualSizesAreNoEqualVocabularies) {
  train("base", chars("", "abcd"));
  EXPECT_TRUE(notes_of(chars(from("base", kByToken), "bcde")).empty());
  train("next", chars(from("base", kByToken), "bcde"));
  EXPECT_EQ(row(weights("next").at("embed.table"), 0), row(weights("base").at("embed.table"), 1));
  const auto noted = notes_of(chars(from("base", ""), "bcde"));
  ASSERT_EQ(noted.size(), 1u);
  EXPECT_NE(std::string(noted[0].what()).find("was trained on other symbols: vocabulary (was "),
            std::string::npos);
  EXPECT_EQ(noted[0].mark.line, 2);
  EXPECT_TRUE(notes_of(chars(from("base", ""), "abcd")).empty());
  const auto fresh = notes_of(chars(from("base", "  fresh: [embed, head]\n"), "bcde"));
  EXPECT_TRUE(fresh.empty()) << fresh[0].what();
}

// A head of another name is found by its structure, and its columns by their tokens.
TEST_F(NamedTransfers, WhatIsFoundByStructureFollowsItsTokensToo) {
  train("base", chars("", "abcd"));
  std::string spec = chars(from("base", "  resize: {embed: by_token, out: by_token}\n"), "bcde");
  spec.replace(spec.find("name: head"), 10, "name: out");
  EXPECT_TRUE(notes_of(spec).empty());
  train("next", spec);
  EXPECT_EQ(column(weights("next").at("out.weight"), 0),
            column(weights("base").at("head.weight"), 1));
}

TEST_F(NamedTransfers, WhatHasNoNamesIsRefusedWithACure) {
  train("base", chars("", "abcd"));
  std::filesystem::create_directory(folder_.path("bare"));
  const Tensors was = weights("base");
  std::map<std::string, const Tensor*, std::less<>> named;
  for (const auto& [name, t] : was) named.emplace(name, &t);
  write_safetensors(folder_.path("bare/model.safetensors"), named, {});
  const auto bare = errors_of(chars(from("bare", kByToken), "bdez"));
  ASSERT_EQ(bare.size(), 3u);
  EXPECT_NE(std::string(bare[0].what()).find("does not say what its tokens are called"),
            std::string::npos)
      << bare[0].what();
  EXPECT_EQ(bare[0].mark.line, 3);
  EXPECT_NE(bare[0].help.find("tokenizer.json"), std::string::npos);
  const auto none = errors_of(chars(from("base", kByToken), "vwxy"));
  EXPECT_NE(std::string(none[0].what()).find("no token of the data is one of the source's"),
            std::string::npos)
      << none[0].what();
  const auto classes =
      errors_of(chars(from("base", "  resize: {head: by_class, embed: by_token}\n"), "bdezy"));
  EXPECT_NE(std::string(classes[0].what()).find("the classes of the data have no names"),
            std::string::npos)
      << classes[0].what();
  replace_file(folder_.path("abcd.txt"), repeated("abzz"));
  const auto gone = errors_of(chars(from("base", kByToken), "bdez"));
  EXPECT_NE(std::string(gone[0].what()).find("is no longer what it was trained on: vocabulary"),
            std::string::npos)
      << gone[0].what();
}

// A run that has begun needs neither the source's data nor the source.
TEST_F(NamedTransfers, ARunThatHasBegunNeedsNoNames) {
  train("base", chars("", "abcd"));
  train("next", chars(from("base", kByToken), "bdez"));
  const std::string kept = read_file(folder_.path("next/spec.yaml"));
  replace_file(folder_.path("abcd.txt"), repeated("abzz"));
  const auto notes = notes_of(kept);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(std::string(notes[0].what()).find("is no longer what it was trained on"),
            std::string::npos);
  replace_file(folder_.path("base/checkpoints/index.json"), "garbage");
  const auto broken = notes_of(kept);
  ASSERT_EQ(broken.size(), 1u);
  EXPECT_NE(std::string(broken[0].what()).find("can no longer be read"), std::string::npos);
  EXPECT_FALSE(find_transfer(test::open_text(folder_, kept)).has_value());
  std::filesystem::remove_all(folder_.path("base"));
  replace_file(folder_.path("base"), "no tensors");
  EXPECT_EQ(notes_of(kept).size(), 1u);
}

TEST_F(NamedTransfers, ColumnsFollowTheirClasses) {
  const auto labelled = [&](const std::string& init, const std::string& file, const Texts& labels) {
    std::string rows;
    for (int i = 0; i < 60; ++i)
      rows += str(labels[size_t(i) % labels.size()], "\tword", i % 7, " other", i % 5, "\n");
    replace_file(folder_.path(file), rows);
    return str(
        init, "data: {labelled_text: {path: ", folder_.path(file),
        ", context: 4}}\nmodel: [{embed: 5}, {pool: mean}, {linear: {width: $classes}, name: "
        "head}]\ntrain: {batch: 8, steps: 1, optimizer: {sgd: {lr: 0}}}\n");
  };
  train("base", labelled("", "a.tsv", {"bad", "fair", "good"}));
  const std::string rules = "  resize: {head: by_class, embed: by_token}\n";
  train("next", labelled(from("base", rules), "b.tsv", {"good", "awful"}));
  const Tensors was = weights("base"), is = weights("next");  // awful 0, good 1
  EXPECT_EQ(column(is.at("head.weight"), 1), column(was.at("head.weight"), 2));
  EXPECT_EQ(column(is.at("head.bias"), 1), column(was.at("head.bias"), 2));
  EXPECT_NE(column(is.at("head.weight"), 0), column(was.at("head.weight"), 0));
}

std::string heads(const std::string& init, int key_heads) {
  return str(init,
             "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: "
             "16}}\nmodel: [{embed: 12}, {attention: {heads: 4, kv_heads: ",
             key_heads,
             ", bias: true, causal: true}}, {linear: $classes}]\n"
             "train: {batch: 8, steps: 1, optimizer: {sgd: {lr: 0}}}\n");
}

TEST_F(NamedTransfers, KeyHeadsAreGroupedByTheModelsOwnWidth) {
  train("base", heads("", 4));
  const Experiment e = test::open_text(folder_, heads("", 2));
  const Graph& model = model_of(e, 8, false).graph;
  for (const char* name : {"attention.q.weight", "attention.k.weight", "attention.v.bias"})
    EXPECT_EQ(head_width_of(model, name), 3) << name;
  for (const char* name : {"attention.o.weight", "embed.table", "linear.weight", "nothing"})
    EXPECT_EQ(head_width_of(model, name), 0) << name;
  train("next",
        heads(from("base", "  resize: {\"*.k\": regroup_heads, \"*.v\": regroup_heads}\n"), 2));
  const Tensors was = weights("base"), is = weights("next");
  for (const char* name : {"attention.k.weight", "attention.v.bias"})
    for (int64_t h = 0; h < 2; ++h)
      for (int64_t k = 0; k < 3; ++k) {
        const auto a = column(was.at(name), 6 * h + k), b = column(was.at(name), 6 * h + 3 + k),
                   c = column(is.at(name), 3 * h + k);
        for (size_t i = 0; i < c.size(); ++i)
          EXPECT_EQ(c[i], float((double(a[i]) + double(b[i])) / 2)) << name;
      }
}

TEST_F(NamedTransfers, ARuleThatResizesNothingIsNoted) {
  train("base", heads("", 4));
  const auto notes = notes_of(heads(from("base", "  resize: {\"*.k\": regroup_heads}\n"), 4));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(std::string(notes[0].what()).find("the rule '*.k: regroup_heads' resizes nothing"),
            std::string::npos);
  EXPECT_EQ(notes[0].mark.line, 3);
}

// Shards in bf16, as models of others come: what they stand for is taken exactly.
TEST_F(NamedTransfers, AFolderOfShardsIsASource) {
  train("base", heads("", 4));
  const Tensors was = weights("base");
  std::map<std::string, Tensor, std::less<>> narrow;
  for (const auto& [name, t] : was) {
    Tensor half(DType::kBf16, t.shape());
    for (int64_t i = 0; i < t.count(); ++i)
      std::memcpy(half.data() + 2 * i, t.data() + 4 * i + 2, 2);  // cut off, little-endian
    narrow.emplace(name, std::move(half));
  }
  std::filesystem::create_directory(folder_.path("hub"));
  std::map<std::string, const Tensor*, std::less<>> shards[2];
  Json map = Json::object();
  for (int i = 0; const auto& [name, t] : narrow) {
    shards[i % 2].emplace(name, &t);
    map[name] = str("part-", i++ % 2, ".safetensors");
  }
  for (int i = 0; i < 2; ++i)
    write_safetensors(folder_.path(str("hub/part-", i, ".safetensors")), shards[i], {});
  replace_file(folder_.path("hub/model.safetensors.index.json"),
               to_text(Json{{"weight_map", map}}));
  train("next", heads(from("hub", ""), 4));
  const Tensors is = weights("next");
  ASSERT_EQ(is.size(), was.size());
  for (const auto& [name, t] : is)
    for (int64_t i = 0; i < t.count(); ++i) {
      const auto bits = std::bit_cast<uint32_t>(was.at(name).f32()[size_t(i)]) & 0xffff0000U;
      EXPECT_EQ(t.f32()[size_t(i)], std::bit_cast<float>(bits)) << name;
    }
}

// Data of one content that is cut otherwise is told with both values, and what the specs say of it.
TEST_F(NamedTransfers, OtherDataIsToldWithBothValues) {
  const auto cut = [&](const std::string& init, const std::string& val) {
    std::string spec = chars(init, "abcd");
    spec.replace(spec.find("context: 8"), 10, "context: 8, val: " + val);
    return spec;
  };
  train("base", cut("", "0.1"));
  train("next", cut(from("base", ""), "0.3"));
  const auto told = std::ranges::find_if(
      notes_, [](const std::string& n) { return n.starts_with("the data is not that of '"); });
  ASSERT_NE(told, notes_.end());
  EXPECT_EQ(told->find("content"), told->npos) << *told;
  EXPECT_NE(told->find("splits (was "), told->npos) << *told;
  EXPECT_NE(told->find("data.text_chars.val (was 0.1, is 0.3)"), told->npos) << *told;
}
}  // namespace
}  // namespace cambium::transfer_names_test
