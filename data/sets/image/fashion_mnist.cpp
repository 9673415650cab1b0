// Fashion-MNIST: grey clothing pictures of 28 x 28 in 10 classes, or any other IDX pair by path.
#include "data/images/pictures.h"

namespace cambium::dataset_fashion_mnist {
namespace {
struct FashionMnist : IdxPictures {
  static constexpr auto fields = std::tuple{
      field("train_images", &FashionMnist::train_images, "IDX file of pictures, raw or .gz"),
      field("train_labels", &FashionMnist::train_labels, "IDX file of labels, raw or .gz"),
      field("test_images", &FashionMnist::test_images, "IDX file of pictures, raw or .gz"),
      field("test_labels", &FashionMnist::test_labels, "IDX file of labels, raw or .gz"),
      field("classes", &FashionMnist::classes, "labels are below this").in(2, 256),
      field("val", &FashionMnist::val, "training pictures set aside by the seed").in(1),
      field("augment", &FashionMnist::augment, "of training pictures: shift, flip")
          .one_of("shift|flip"),
      field("max_shift", &FashionMnist::max_shift, "pixels along each axis, filled with 0")
          .in(1, 16),
      field("mean", &FashionMnist::mean, "subtracted from pixels in [0,1]"),
      field("std", &FashionMnist::std, "divides them afterwards").in(1e-6)};
};
}  // namespace

extern const DatasetKind dataset_fashion_mnist = {
    .name = "fashion_mnist",
    .doc =
        "grey pictures of clothing, 28 x 28, 10 classes, as the Debian package "
        "dataset-fashion-mnist installs them; any other IDX pair by path",
    .source = "Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747",
    .attrs = fields_of<FashionMnist>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return open_idx_pictures(attrs.as<FashionMnist>(), seed);
    }};
}  // namespace cambium::dataset_fashion_mnist
