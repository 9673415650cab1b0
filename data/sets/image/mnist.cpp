// MNIST: grey handwritten digits of 28 x 28, from folders with the usual four IDX files. The
// training files are train*-images-idx3-ubyte and train*-labels-idx1-ubyte, those to test on
// t10k-..., each raw or with .gz behind it.
#include <algorithm>
#include <filesystem>

#include "data/images/pictures.h"

namespace cambium::dataset_mnist {
namespace {
struct Mnist {
  std::string path, test;
  int64_t val = 5000, max_shift = 2;
  std::vector<std::string> augment;

  static constexpr auto fields = std::tuple{
      field("path", &Mnist::path, "folder of the training files"),
      field("test", &Mnist::test, "folder of the files to test on; empty: the same"),
      field("val", &Mnist::val, "training pictures set aside by the seed").in(1),
      field("augment", &Mnist::augment, "of training pictures: shift, flip").one_of("shift|flip"),
      field("max_shift", &Mnist::max_shift, "pixels along each axis, filled with 0").in(1, 16)};
};

// The one file of the folder whose name begins and ends so.
std::string find_file(const std::string& option, const std::string& folder,
                      const std::string& begin, const std::string& end) {
  if (folder.empty())
    throw OptionError(option, "path is not given", "set path to a folder of IDX files");
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(begin) && (name.ends_with(end) || name.ends_with(end + ".gz")))
      found.push_back(entry.path().string());
  }
  if (error) throw OptionError(option, str(folder, ": ", error.message()));
  if (found.size() != 1)
    throw OptionError(option, str(folder, " holds ", found.size(), " files ", begin, "*", end),
                      "it takes one of each: train*-images-idx3-ubyte, train*-labels-idx1-ubyte, "
                      "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, raw or .gz");
  return found[0];
}

std::unique_ptr<Dataset> open(const Attrs& attrs, uint64_t seed) {
  const auto& a = attrs.as<Mnist>();
  const std::string test_option = a.test.empty() ? "path" : "test";
  const std::string test = a.test.empty() ? a.path : a.test;
  const std::string images = "-images-idx3-ubyte", labels = "-labels-idx1-ubyte";
  IdxPictures pictures{.train_images = find_file("path", a.path, "train", images),
                       .train_labels = find_file("path", a.path, "train", labels),
                       .test_images = find_file(test_option, test, "t10k", images),
                       .test_labels = find_file(test_option, test, "t10k", labels),
                       .val = a.val,
                       .max_shift = a.max_shift,
                       .augment = a.augment,
                       .mean = 0.1307,
                       .std = 0.3081};
  try {
    return open_idx_pictures(pictures, seed);
  } catch (const OptionError& e) {  // of a file, whose option here is its folder
    if (e.option == "val") throw;
    throw OptionError(e.option.starts_with("test") ? test_option : "path", e.what(),
                      "get the file again");
  }
}
}  // namespace

extern const DatasetKind dataset_mnist = {
    .name = "mnist",
    .doc = "grey pictures of handwritten digits, 28 x 28, 10 classes, from a folder of IDX files",
    .source = "LeCun, Bottou, Bengio and Haffner 1998, Gradient-based learning",
    .attrs = fields_of<Mnist>,
    .primary = "path",
    .open = open};
}  // namespace cambium::dataset_mnist
