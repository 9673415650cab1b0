#include "data/images/pictures.h"

#include <algorithm>
#include <numeric>

#include "core/rng.h"
#include "data/images/idx.h"

namespace cambium {
namespace {
// One IDX pair: pictures [N,Y,X] and labels [N].
struct Pictures {
  IdxArray images, labels;

  int64_t count() const { return images.shape[0]; }
};

// Named after the first set of this form: a seed keeps its split and its shifts.
constexpr uint64_t kCarveStream = stream_of("fashion_mnist.val");
constexpr uint64_t kAugmentStream = stream_of("fashion_mnist.augment");

IdxArray read_part(const std::string& option, const std::string& path, int rank) {
  try {
    return read_idx(path, rank);
  } catch (const UserError& e) {
    const bool debian = path.starts_with(kFashionMnistFolder);
    throw OptionError(option, e.what(),
                      debian ? "apt install dataset-fashion-mnist (again, if it is there)"
                             : str("set ", option, " to a complete IDX file"));
  }
}

Pictures read_pair(const std::string& split, const std::string& images, const std::string& labels,
                   int64_t classes) {
  Pictures p{read_part(split + "_images", images, 3), read_part(split + "_labels", labels, 1)};
  if (p.images.shape[0] != p.labels.shape[0])
    throw OptionError(split + "_labels",
                      str(labels, ": ", p.labels.shape[0], " labels for the ", p.images.shape[0],
                          " pictures of ", images),
                      "use the two files that belong together");
  const auto values = p.labels.values();
  const auto worst = std::ranges::max_element(values);
  if (*worst >= classes)
    throw OptionError(split + "_labels",
                      str(labels, ": label ", int(*worst), " of picture ", worst - values.begin(),
                          " is not below classes = ", classes),
                      str("set classes: ", int(*worst) + 1, ", if the file is right"));
  return p;
}

class IdxPictureSet final : public Dataset {
 public:
  IdxPictureSet(const IdxPictures& a, uint64_t seed)
      : options_(a),
        train_(read_pair("train", a.train_images, a.train_labels, a.classes)),
        test_(read_pair("test", a.test_images, a.test_labels, a.classes)),
        height_(train_.images.shape[1]),
        width_(train_.images.shape[2]) {
    if (test_.images.shape[1] != height_ || test_.images.shape[2] != width_)
      throw OptionError("test_images", str(a.test_images, ": pictures of ", test_.images.shape[1],
                                           " x ", test_.images.shape[2], ", those of ",
                                           a.train_images, " have ", height_, " x ", width_));
    if (a.val >= train_.count())
      throw OptionError(
          "val", str("val = ", a.val, " leaves nothing of ", train_.count(), " training pictures"));
    shift_ = std::ranges::count(a.augment, "shift") > 0;
    flip_ = std::ranges::count(a.augment, "flip") > 0;
    order_.resize(size_t(train_.count()));
    std::iota(order_.begin(), order_.end(), 0);
    Random(seed, kCarveStream).shuffle(std::span(order_));
    for (int i = 0; i < 256; ++i) normalised_[size_t(i)] = float((i / 255.0 - a.mean) / a.std);
  }

  DataShape shape(int64_t batch) const override {
    return {.domain = Domain::kGrid,
            .x = {DType::kF32, {batch, height_, width_, 1}},
            .target = {DType::kI32, {batch}},
            .classes = options_.classes};
  }

  int64_t count(Split split) const override {
    if (split == Split::kTest) return test_.count();
    return split == Split::kValidation ? options_.val : train_.count() - options_.val;
  }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    const Pictures& from = split == Split::kTest ? test_ : train_;
    const int64_t pixels = height_ * width_;
    const std::span<float> x = into.x.f32();
    const std::span<int32_t> target = into.target.i32();
    for (size_t i = 0; i < indices.size(); ++i) {
      const int64_t row = source_row(split, indices[i]);
      const std::span<float> to = x.subspan(i * size_t(pixels), size_t(pixels));
      const std::span<const uint8_t> picture =
          from.images.values().subspan(size_t(row * pixels), size_t(pixels));
      if (split == Split::kTrain && epoch_seed != 0 && (shift_ || flip_))
        write_augmented(picture, Random(epoch_seed, kAugmentStream ^ uint64_t(row)), to);
      else
        for (size_t p = 0; p < to.size(); ++p) to[p] = normalised_[picture[p]];
      target[i] = from.labels.values()[size_t(row)];
    }
    std::ranges::fill(x.subspan(indices.size() * size_t(pixels)), 0.0f);
    std::ranges::fill(target.subspan(indices.size()), -1);
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", options_.classes}, {"height", height_}, {"width", width_}, {"channels", 1}};
  }

  uint64_t content() const override {
    return joined_hash({hash_of(train_.images.content), hash_of(train_.labels.content),
                        hash_of(test_.images.content), hash_of(test_.labels.content)});
  }

  std::string describe() const override {
    return str(count(Split::kTrain), " train, ", options_.val, " val, ", test_.count(),
               " test pictures of ", height_, " x ", width_, " in ", options_.classes,
               " classes from ", options_.train_images);
  }

 private:
  int64_t source_row(Split split, int64_t index) const {
    if (split == Split::kTest) return index;
    return order_[size_t(split == Split::kValidation ? index : options_.val + index)];
  }

  // Moves the picture by up to max_shift pixels along each axis and mirrors every second one.
  void write_augmented(std::span<const uint8_t> picture, Random random, std::span<float> to) const {
    const int64_t reach = shift_ ? options_.max_shift : 0;
    const auto offset = [&] { return int64_t(random.below(uint32_t(2 * reach + 1))) - reach; };
    const int64_t dy = offset(), dx = offset();
    const bool mirror = flip_ && random.below(2) == 1;
    for (int64_t y = 0; y < height_; ++y)
      for (int64_t x = 0; x < width_; ++x) {
        const int64_t sy = y - dy, sx = mirror ? width_ - 1 - x + dx : x - dx;
        const bool inside = sy >= 0 && sy < height_ && sx >= 0 && sx < width_;
        to[size_t(y * width_ + x)] =
            normalised_[inside ? picture[size_t(sy * width_ + sx)] : uint8_t(0)];
      }
  }

  IdxPictures options_;
  Pictures train_, test_;
  int64_t height_, width_;
  bool shift_ = false, flip_ = false;
  std::vector<int32_t> order_;  // the first `val` rows are the validation split
  std::array<float, 256> normalised_;
};
}  // namespace

std::unique_ptr<Dataset> open_idx_pictures(const IdxPictures& options, uint64_t seed) {
  return std::make_unique<IdxPictureSet>(options, seed);
}
}  // namespace cambium
