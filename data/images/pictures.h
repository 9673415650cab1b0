// Pictures: two IDX pairs (LeCun, Cortes and Burges 1998), one to train and one to test on.
#pragma once
#include "data/dataset.h"

namespace cambium {
inline constexpr std::string_view kFashionMnistFolder = "/usr/share/datasets/fashion-mnist/";

// The defaults are Fashion-MNIST as Debian installs it.
struct IdxPictures {
  std::string train_images = str(kFashionMnistFolder, "train-images-idx3-ubyte.gz");
  std::string train_labels = str(kFashionMnistFolder, "train-labels-idx1-ubyte.gz");
  std::string test_images = str(kFashionMnistFolder, "t10k-images-idx3-ubyte.gz");
  std::string test_labels = str(kFashionMnistFolder, "t10k-labels-idx1-ubyte.gz");
  int64_t classes = 10, val = 5000, max_shift = 2;
  std::vector<std::string> augment;  // of "shift" and "flip"
  double mean = 0.2860, std = 0.3530;
};

// Grey pictures [B,Y,X,1], (pixel / 255 - mean) / std, with a class each; `val` of the training
// pictures, drawn by the seed, are the validation split. OptionErrors name the member that is
// wrong.
std::unique_ptr<Dataset> open_idx_pictures(const IdxPictures& options, uint64_t seed);
}  // namespace cambium
