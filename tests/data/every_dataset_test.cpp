// What every dataset keeps to, in the small form that tests/support/data/small_data.h has of it:
// equal seeds give equal bytes, splits are read in any order, and batches are what their shape
// says.
#include <algorithm>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "data/identity.h"
#include "data/sampler.h"
#include "tests/support/data/data_values.h"

namespace cambium::every_dataset_test {
namespace {
using test::kSplits;

class EveryDataset : public testing::TestWithParam<const DatasetKind*> {
 protected:
  void SetUp() override { section_ = test::small_section(GetParam()->name, folder_); }

  std::unique_ptr<Dataset> open(uint64_t seed = 1) const {
    return test::open_example(section_, seed);
  }

  // Whether all of its numbers are drawn, rather than read from files.
  bool is_generated() const {
    return GetParam()->wrap || std::filesystem::is_empty(folder_.path());
  }

  const test::TempFolder folder_;
  std::string section_;
};

TEST_P(EveryDataset, IsAFunctionOfItsSeed) {
  const auto one = open(3), same = open(3), other = open(4);
  int64_t examples = 0, others = 0;
  bool differs = false;
  for (const Split split : kSplits) {
    const std::vector<std::string> a = test::all_examples(*one, split);
    EXPECT_EQ(a, test::all_examples(*same, split)) << int(split);
    differs |= a != test::all_examples(*other, split);
    examples += one->count(split);
    others += other->count(split);
  }
  EXPECT_EQ(examples, others);
  if (is_generated()) {
    EXPECT_TRUE(differs) << "another seed drew the same data";
  } else if (!differs) {  // else another cut of what the files hold
    EXPECT_EQ(one->content(), other->content());
  }
}

TEST_P(EveryDataset, AnEpochIsAFunctionOfItsSeed) {
  const auto data = open(), same = open();
  for (const uint64_t epoch : {uint64_t(0), uint64_t(7), epoch_seed(1, 3)})
    EXPECT_EQ(test::all_examples(*data, Split::kTrain, epoch),
              test::all_examples(*same, Split::kTrain, epoch));
}

TEST_P(EveryDataset, HasExamplesInEverySplitAndTheyDiffer) {
  const auto data = open();
  std::vector<std::vector<std::string>> all;
  for (const Split split : kSplits) {
    EXPECT_GE(data->count(split), 1) << int(split);
    all.push_back(test::all_examples(*data, split));
    if (data->count(split) > 1) {
      EXPECT_GT(std::set(all.back().begin(), all.back().end()).size(), 1u) << "all examples alike";
    }
  }
  EXPECT_NE(all[0], all[1]);
  EXPECT_NE(all[0], all[2]);
}

// Of data that is drawn, or cut by documents: where training examples never repeat, held-out ones
// must not repeat them either. What files hold may well stand in them twice.
TEST_P(EveryDataset, ShowsNoHeldOutExampleInTraining) {
  const auto data = open();
  const std::vector<std::string> train = test::all_examples(*data, Split::kTrain);
  const std::set<std::string> seen(train.begin(), train.end());
  if (seen.size() < train.size() || !(is_generated() || data->stream(0))) return;
  for (const Split split : {Split::kValidation, Split::kTest})
    for (const std::string& example : test::all_examples(*data, split))
      EXPECT_FALSE(seen.contains(example)) << "split " << int(split);
}

TEST_P(EveryDataset, IsReadInAnyOrderByManyThreads) {
  const auto data = open();
  for (const Split split : kSplits) {
    const std::vector<std::string> expected = test::all_examples(*data, split, 0);
    const auto n = int64_t(expected.size());
    std::vector<std::vector<std::string>> found(3, std::vector<std::string>(expected.size()));
    std::vector<std::thread> threads;
    for (int64_t t = 0; t < 3; ++t)
      threads.emplace_back([&, t] {
        for (int64_t k = 0; k < n; ++k) {  // backwards, and each from another place
          const int64_t i = (2 * n - 1 - k + t * n / 3) % n;
          found[size_t(t)][size_t(i)] = test::example_bytes(*data, split, i, 0);
        }
      });
    for (std::thread& t : threads) t.join();
    for (const auto& f : found) EXPECT_EQ(f, expected) << int(split);
  }
}

void check_types(const DataShape& s, const Batch& b) {
  for (const BatchInput& input : batch_inputs())
    if (const auto type = input.type(s); type && input.tensor) {
      EXPECT_EQ((b.*input.tensor).type(), *type) << input.name;
    }
  EXPECT_EQ(bool(b.adjacency), s.domain == Domain::kGraph);
}

void check_ids(std::span<const int32_t> ids, int64_t below, const char* what) {
  EXPECT_TRUE(std::ranges::all_of(ids, [&](int32_t id) { return id >= 0 && id < below; })) << what;
}

void check_values(const Dataset& data, const DataShape& s, const Batch& b) {
  const int64_t vocab = test::var_of(data, "vocab");
  if (s.domain == Domain::kIds)
    check_ids(b.x.i32(), vocab, "x");
  else
    for (const float v : b.x.f32()) ASSERT_TRUE(std::isfinite(v) && v != -123456.0f) << v;
  if (s.decoder) check_ids(b.decoder.i32(), vocab, "decoder");
  if (s.pairs) check_ids(b.pairs.i32(), s.x.shape[0], "pairs");
  if (s.edges) {
    for (const float v : b.edges.f32()) ASSERT_TRUE(std::isfinite(v) && v != -123456.0f) << v;
  }
  if (s.target_kind() == TargetKind::kValues) {
    for (const float v : b.target.f32()) ASSERT_TRUE(v != -123456.0f && !std::isinf(v)) << v;
    return;
  }
  for (const int32_t v : b.target.i32()) ASSERT_TRUE(v >= -1 && v < s.classes) << v;
}

// Ones, then zeros: in each example's row.
void check_mask(const DataShape& s, const Batch& b, int64_t rows) {
  if (!s.masked) return;
  const std::span<const float> mask = b.mask.f32();
  const size_t width = mask.size() / size_t(rows);
  for (size_t r = 0; r < size_t(rows); ++r) {
    const auto row = mask.subspan(r * width, width);
    for (size_t i = 0; i < width; ++i) {
      ASSERT_TRUE(row[i] == 0 || row[i] == 1) << row[i];
      if (i > 0) {
        EXPECT_LE(row[i], row[i - 1]) << "row " << r << ", place " << i;
      }
    }
    EXPECT_EQ(row[0] == 1, int64_t(r) < b.examples) << "row " << r;
  }
}

void check_adjacency(const DataShape& s, const Batch& b) {
  if (s.domain != Domain::kGraph) return;
  const Csr& in = b.adjacency->in;
  const int64_t nodes = s.x.shape[0];
  EXPECT_EQ(s.adjacency.shape, Shape({nodes, nodes, s.adjacency.shape[2]}));
  ASSERT_EQ(int64_t(in.begin.size()), nodes + 1);
  EXPECT_TRUE(std::ranges::is_sorted(in.begin));
  EXPECT_EQ(in.begin.front(), 0);
  EXPECT_LE(b.adjacency->edges, s.adjacency.shape[2]);
  EXPECT_EQ(in.begin.back(), b.adjacency->edges);
  check_ids(std::span(in.neighbour).first(size_t(b.adjacency->edges)), nodes, "neighbours");
}

// A batch of these examples in a room for `batch`, against the examples one by one.
void check_batch(const Dataset& data, Split split, std::span<const int64_t> indices, int64_t batch,
                 Batch& reused) {
  SCOPED_TRACE(str("split ", int(split), ", ", indices.size(), " examples in a batch of ", batch));
  const DataShape s = data.shape(batch);
  const Batch b = test::read_indices(data, split, indices, batch);
  EXPECT_EQ(b.examples, int64_t(indices.size()));
  check_types(s, b);
  check_values(data, s, b);
  check_mask(s, b, batch);
  check_adjacency(s, b);
  int64_t scored = 0;
  for (const int64_t& i : indices)
    scored += test::scored_in(test::read_indices(data, split, std::span(&i, 1), 1).target);
  EXPECT_EQ(test::scored_in(b.target), scored) << "padding is not scored, examples are";
  if (s.most_scored > 0) {
    EXPECT_LE(scored, s.most_scored);
  }
  data.read(split, indices, 0, reused);
  EXPECT_EQ(test::bytes_of(reused), test::bytes_of(b)) << "an earlier batch shows";
}

void check_batches(const Dataset& data) {
  EXPECT_EQ(data.shape(1).classes == 0, data.shape(1).target_kind() == TargetKind::kValues);
  for (const int64_t batch : {1, 2, 7}) {
    if (!test::takes_batch(data, batch)) continue;
    Batch reused = allocate_batch(data.shape(batch));
    test::spoil(reused);
    for (const Split split : kSplits) {
      const int64_t n = data.count(split);
      std::vector<int64_t> indices(size_t(n), 0);
      std::iota(indices.begin(), indices.end(), int64_t(0));
      const int64_t full = std::min(n, batch), ragged = std::max<int64_t>(1, full - 1);
      check_batch(data, split, std::span(indices).first(size_t(full)), batch, reused);
      check_batch(data, split, std::span(indices).last(size_t(ragged)), batch, reused);
    }
  }
}

TEST_P(EveryDataset, WritesWhatItsShapeSays) {
  check_batches(*open());
}

// With each choice and each switch the other way.
TEST_P(EveryDataset, WritesWhatItsShapeSaysWhateverIsChosen) {
  const std::string kind(GetParam()->name);
  for (const FieldInfo& f : GetParam()->attrs.describe()) {
    if (f.type.find("number") != std::string::npos) continue;
    for (const std::string& value : test::other_values(f)) {
      SCOPED_TRACE(str(f.name, ": ", value));
      std::unique_ptr<Dataset> data;
      try {
        data = test::open_example(test::with_option(section_, kind, f.name, value));
      } catch (const UserError&) {
        continue;  // it does not go with the others
      }
      check_batches(*data);
    }
  }
}

// Whatever moves an example: of files the content is what they hold, and the rest of the identity
// says how they are cut.
TEST_P(EveryDataset, HasAnotherIdentityForOtherExamples) {
  const auto usual = open();
  EXPECT_EQ(usual->content(), open()->content());
  if (is_generated()) {
    EXPECT_NE(usual->content(), open(2)->content());
  }
  const Identity known = identity_of(*usual);
  const std::string kind(GetParam()->name);
  const auto train = test::all_examples(*usual, Split::kTrain);
  for (const FieldInfo& f : GetParam()->attrs.describe())
    for (const std::string& value : test::other_values(f)) {
      std::unique_ptr<Dataset> other;
      try {
        other = test::open_example(test::with_option(section_, kind, f.name, value));
      } catch (const UserError&) {
        continue;
      }
      if (test::all_examples(*other, Split::kTrain) == train) continue;
      EXPECT_FALSE(differences(known, identity_of(*other)).empty()) << f.name << ": " << value;
    }
}

TEST_P(EveryDataset, SaysWhatItIs) {
  const auto data = open();
  static const std::set<std::string, std::less<>> known = {
      "classes", "outputs", "vocab", "context", "source", "height", "width", "channels"};
  std::set<std::string> names;
  for (const auto& [name, value] : data->vars()) {
    EXPECT_TRUE(known.contains(name)) << "$" << name << " is none of those in data/dataset.h";
    EXPECT_TRUE(names.insert(name).second) << "$" << name << " stands twice";
    const auto* n = std::get_if<int64_t>(&value.variant());
    EXPECT_TRUE(n && *n > 0) << name;
  }
  const DataShape s = data->shape(1);
  EXPECT_EQ(test::var_of(*data, "classes"), s.classes);
  if (s.domain == Domain::kIds) {
    EXPECT_GT(test::var_of(*data, "vocab"), 0);
  }
  const std::string text = data->describe();
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(All, EveryDataset, testing::ValuesIn(builtin_datasets()),
                         [](const auto& info) { return std::string(info.param->name); });
}  // namespace
}  // namespace cambium::every_dataset_test
