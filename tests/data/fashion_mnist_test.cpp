#include <algorithm>
#include <set>

#include "tests/data/support.h"

namespace cambium::fashion_mnist_test {
namespace {
// Eight training and three test pictures of 2 x 3; pixel values tell the picture and the place.
class PictureFiles {
 public:
  std::string spec(const std::string& more = "") const {
    return str("data:\n  fashion_mnist:\n    train_images: ", folder.path("ti"),
               "\n    train_labels: ", folder.path("tl"), "\n    test_images: ", folder.path("vi"),
               "\n    test_labels: ", folder.path("vl"), "\n    val: 3\n", more);
  }

  test::TempFolder folder;

  PictureFiles() {
    write_file(folder, "ti", idx_bytes({8, 2, 3}, pixels(8)));
    write_file(folder, "tl", idx_bytes({8}, std::string("\0\1\2\3\4\5\6\7", 8)));
    write_file(folder, "vi", idx_bytes({3, 2, 3}, pixels(3)));
    write_file(folder, "vl", idx_bytes({3}, std::string("\0\1\2", 3)));
  }

  static std::string pixels(int count) {
    std::string out;
    for (int i = 0; i < 6 * count; ++i) out += char(10 + 5 * i);
    return out;
  }
};

std::vector<int32_t> labels_of(const Dataset& data, Split split) {
  std::vector<int64_t> all(size_t(data.count(split)));
  std::iota(all.begin(), all.end(), int64_t(0));
  const Batch batch = read_batch(data, split, all);
  return {batch.target.i32().begin(), batch.target.i32().end()};
}

TEST(FashionMnist, NormalisesPixels) {
  const PictureFiles files;
  const auto data = open_text_spec(files.spec());
  const Batch batch = read_batch(*data, Split::kTest, {1});
  EXPECT_EQ(batch.x.shape(), (Shape{1, 2, 3, 1}));
  EXPECT_FLOAT_EQ(batch.x.f32()[0], float((40 / 255.0 - 0.2860) / 0.3530));
  EXPECT_EQ(batch.target.i32()[0], 1);
}

TEST(FashionMnist, CarvesValidationOutOfTrainingBySeed) {
  const PictureFiles files;
  const auto data = open_text_spec(files.spec(), 1), again = open_text_spec(files.spec(), 1);
  const auto train = labels_of(*data, Split::kTrain), val = labels_of(*data, Split::kValidation);
  EXPECT_EQ(train.size(), 5u);
  std::set<int32_t> all(train.begin(), train.end());
  all.insert(val.begin(), val.end());
  EXPECT_EQ(all.size(), 8u);
  EXPECT_EQ(val, labels_of(*again, Split::kValidation));
  EXPECT_NE(val, labels_of(*open_text_spec(files.spec(), 2), Split::kValidation));
}

TEST(FashionMnist, PadsWithZerosThatAreNotScored) {
  const PictureFiles files;
  const auto data = open_text_spec(files.spec());
  const Batch batch = read_batch(*data, Split::kTest, {2}, 0, 3);
  EXPECT_EQ(batch.examples, 1);
  EXPECT_EQ(batch.target.i32()[1], -1);
  EXPECT_TRUE(std::ranges::all_of(batch.x.f32().subspan(6), [](float v) { return v == 0; }));
}

TEST(FashionMnist, ShiftMovesWholePicturesAndFillsWithZero) {
  const PictureFiles files;
  const auto plain = open_text_spec(files.spec());
  const auto shifted = open_text_spec(files.spec("    augment: [shift]\n    max_shift: 1\n"));
  const Batch before = read_batch(*plain, Split::kTrain, {0});
  std::set<std::pair<int, int>> seen;
  const float zero = float(-0.2860 / 0.3530);
  for (uint64_t epoch = 1; epoch <= 60; ++epoch) {
    const Batch after = read_batch(*shifted, Split::kTrain, {0}, epoch);
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) {
        bool match = true;
        for (int y = 0; y < 2; ++y)
          for (int x = 0; x < 3; ++x) {
            const bool inside = y - dy >= 0 && y - dy < 2 && x - dx >= 0 && x - dx < 3;
            const float want = inside ? before.x.f32()[size_t((y - dy) * 3 + x - dx)] : zero;
            match &= after.x.f32()[size_t(y * 3 + x)] == want;
          }
        if (match) seen.insert({dy, dx});
      }
  }
  EXPECT_EQ(seen.size(), 9u);  // every one of 3 x 3 shifts, and nothing else came out
}

TEST(FashionMnist, FlipMirrorsHalfOfThePictures) {
  const PictureFiles files;
  const auto flipped = open_text_spec(files.spec("    augment: flip\n"));
  const Batch before = read_batch(*flipped, Split::kTrain, {0});  // seed 0: as it is
  int mirrored = 0;
  for (uint64_t epoch = 1; epoch <= 100; ++epoch) {
    const Batch after = read_batch(*flipped, Split::kTrain, {0}, epoch);
    const bool same_row = after.x.f32()[0] == before.x.f32()[0];
    EXPECT_EQ(after.x.f32()[same_row ? 5 : 3], before.x.f32()[5]);
    mirrored += !same_row;
  }
  EXPECT_GT(mirrored, 30);
  EXPECT_LT(mirrored, 70);
}

TEST(FashionMnist, AugmentationDependsOnTheEpochNotOnTheBatch) {
  const PictureFiles files;
  const auto data = open_text_spec(files.spec("    augment: [shift, flip]\n"));
  const Batch both = read_batch(*data, Split::kTrain, {3, 1}, 9),
              one = read_batch(*data, Split::kTrain, {1}, 9);
  EXPECT_TRUE(std::ranges::equal(both.x.f32().subspan(6), one.x.f32()));
}

TEST(FashionMnist, LeavesEvaluationPicturesAlone) {
  const PictureFiles files;
  const auto data = open_text_spec(files.spec("    augment: [shift, flip]\n"));
  EXPECT_TRUE(same(read_batch(*data, Split::kTest, {0, 1, 2}),
                   read_batch(*open_text_spec(files.spec()), Split::kTest, {0, 1, 2})));
}

TEST(FashionMnist, ErrorsPointAtTheOption) {
  const PictureFiles files;
  write_file(files.folder, "tl", idx_bytes({7}, std::string(7, '\1')));
  const UserError e = error_of(files.spec());
  const auto f = [&](const char* name) { return files.folder.path(name); };
  EXPECT_EQ(e.what(),
            str("fashion_mnist: ", f("tl"), ": 7 labels for the 8 pictures of ", f("ti")));
  EXPECT_EQ(e.mark.line, 4);
}

TEST(FashionMnist, RefusesLabelsOutOfRange) {
  const PictureFiles files;
  const UserError e = error_of(files.spec("    classes: 7\n"));
  EXPECT_EQ(e.what(), str("fashion_mnist: ", files.folder.path("tl"),
                          ": label 7 of picture 7 is not below classes = 7"));
  EXPECT_EQ(e.help, "set classes: 8, if the file is right");
}

TEST(FashionMnist, RefusesPicturesOfAnotherSizeAndAnEmptyTrainingSplit) {
  const PictureFiles files;
  EXPECT_EQ(std::string(error_of(files.spec("    classes: 10\n    max_shift: 17\n")).what()),
            "'max_shift' must be between 1 and 16, got 17");
  write_file(files.folder, "vi", idx_bytes({3, 3, 2}, PictureFiles::pixels(3)));
  EXPECT_NE(std::string(error_of(files.spec()).what()).find("pictures of 3 x 2, those of"),
            std::string::npos);
}

TEST(FashionMnist, HelpNamesThePackage) {
  const UserError e =
      error_of("data: {fashion_mnist: {train_images: /usr/share/datasets/fashion-mnist/no.gz}}");
  EXPECT_EQ(e.help, "apt install dataset-fashion-mnist (again, if it is there)");
  EXPECT_EQ(e.mark.column, 38);
}

TEST(FashionMnist, ReadsTheDebianPackage) {
  const auto data = open_text_spec("data: fashion_mnist");
  EXPECT_EQ(data->count(Split::kTrain), 55000);
  EXPECT_EQ(data->count(Split::kTest), 10000);
  EXPECT_EQ(data->shape(2).x, (ValueType{DType::kF32, {2, 28, 28, 1}}));
  double sum = 0;
  for (int64_t i = 0; i < 2000; ++i) {
    const Batch batch = read_batch(*data, Split::kTrain, {i});
    for (const float v : batch.x.f32()) sum += v;
  }
  EXPECT_NEAR(sum / (2000 * 784), 0.0, 0.02);  // the published mean is the data's
}

TEST(FashionMnist, ReadsOtherIdxFilesByPath) {
  const std::string images = test::data_path("images/");
  if (test::skip_without(images + "mnist_t10k/t10k-labels-idx1-ubyte.gz")) return;
  const auto data = open_text_spec(
      str("data: {fashion_mnist: {train_images: ", images,
          "mnist_npm10k/train10k-images-idx3-ubyte.gz, train_labels: ", images,
          "mnist_npm10k/train10k-labels-idx1-ubyte.gz, test_images: ", images,
          "mnist_t10k/t10k-images-idx3-ubyte.gz, test_labels: ", images,
          "mnist_t10k/t10k-labels-idx1-ubyte.gz, mean: 0.1307, std: 0.3081, val: 1000}}"));
  EXPECT_EQ(data->count(Split::kTrain), 9000);
  EXPECT_EQ(labels_of(*data, Split::kTest)[0], 7);  // the first test digit of MNIST is a seven
}
}  // namespace
}  // namespace cambium::fashion_mnist_test
