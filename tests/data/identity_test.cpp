// Identity: equal for equal openings of any dataset; other than before whenever an example is.
#include "data/identity.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/data/data_values.h"
#include "tests/support/expect_error.h"

namespace cambium::identity_test {
namespace {
// Everything that a model could see of the data, in two epochs.
uint64_t hash_of_all(const Dataset& data) {
  uint64_t hash = data.shape(1).classes > 0 ? uint64_t(data.shape(1).classes) : 0;
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest})
    for (int64_t i = 0; i < data.count(split); ++i)
      for (const uint64_t epoch : {0, 5}) {
        if (split != Split::kTrain && epoch > 0) continue;
        Batch b = allocate_batch(data.shape(1));
        data.read(split, std::span(&i, 1), epoch, b);
        hash = joined_hash({hash, hash_bytes(b.x.raw()), hash_bytes(b.target.raw())});
        if (b.adjacency) hash = joined_hash({hash, hash_of(b.adjacency->in.neighbour)});
      }
  return hash;
}

class DatasetIdentity : public testing::TestWithParam<const DatasetKind*> {
 protected:
  const DatasetKind& kind() const { return *GetParam(); }

  std::string example() const { return test::small_section(kind().name, folder_); }

 private:
  test::TempFolder folder_;
};

TEST_P(DatasetIdentity, IsEqualForEqualOpenings) {
  const std::string example = this->example();
  const Identity id = identity_of(*test::open_example(example));
  EXPECT_EQ(id, identity_of(*test::open_example(example)));
  for (const char* part : {"content", "classes", "splits", "examples"})
    EXPECT_FALSE(id.at(part).empty()) << part;
}

TEST_P(DatasetIdentity, DiffersWhenTheSeedChangesExamples) {
  const std::string example = this->example();
  const auto a = test::open_example(example, 1), b = test::open_example(example, 2);
  EXPECT_EQ(hash_of_all(*a) == hash_of_all(*b), identity_of(*a) == identity_of(*b));
}

TEST_P(DatasetIdentity, DiffersWhenAnOptionChangesExamples) {
  const std::string example = this->example();
  const auto usual = test::open_example(example);
  const uint64_t all = hash_of_all(*usual);
  const Identity id = identity_of(*usual);
  int64_t changed = 0;
  for (const FieldInfo& f : kind().attrs.describe())
    for (const std::string& value : test::other_values(f)) {
      std::unique_ptr<Dataset> other;
      try {
        other =
            test::open_example(test::with_option(example, std::string(kind().name), f.name, value));
      } catch (const UserError&) {
        continue;
      }
      if (hash_of_all(*other) == all) continue;
      ++changed;
      EXPECT_NE(identity_of(*other), id) << f.name << ": " << value;
    }
  EXPECT_GT(changed, 0);
}

INSTANTIATE_TEST_SUITE_P(All, DatasetIdentity, testing::ValuesIn(builtin_datasets()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(Identity, SaysWhatDiffersInATextOfOtherLetters) {
  const test::TempFolder folder;
  const auto text = [&](const std::string& unit) {
    std::string all;
    for (int i = 0; i < 100; ++i) all += unit;
    replace_file(folder.path("voc.txt"), all);
    return identity_of(*test::open_example(
        str("{text_chars: {path: ", folder.path("voc.txt"), ", context: 12}}")));
  };
  const Identity was = text("aab"), is = text("xxy");
  const std::vector<std::string> parts = differences(was, is);
  ASSERT_EQ(parts.size(), 2u);  // the ids are the same: what they stand for is not
  EXPECT_EQ(parts[0], str("content (was ", was.at("content"), ", is ", is.at("content"), ")"));
  EXPECT_TRUE(parts[1].starts_with("vocabulary (was ")) << parts[1];
  const UserError e = test::error_of([&] { require_same_data(was, is, "r", "put it back"); });
  EXPECT_EQ(e.what(), str("the data is not what 'r' was trained on; these differ: ", parts[0], ", ",
                          parts[1]));
  EXPECT_EQ(e.help, "put it back");
  constexpr std::string_view free[] = {"content", "vocabulary"};
  EXPECT_NO_THROW(require_same_data(was, is, "r", "", free));
}

TEST(Identity, SeesOneByteOfEveryFile) {
  const test::TempFolder folder;
  replace_file(folder.path("text.txt"), std::string(7600, 'a'));
  const std::string spec = str("{text_bytes: {path: ", folder.path("text.txt"), ", context: 8}}");
  const Identity was = identity_of(*test::open_example(spec));
  std::fstream file(folder.path("text.txt"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(3701);  // of no example that is hashed
  file.put('#');
  file.close();
  EXPECT_NE(identity_of(*test::open_example(spec)).at("content"), was.at("content"));
}
}  // namespace
}  // namespace cambium::identity_test
