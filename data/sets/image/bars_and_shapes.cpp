// Bars and shapes: pictures drawn by the program, one figure each, at a random place and size, in a
// random colour, under noise. Local features tell a bar from a bar; only the whole tells a square
// from a cross.
#include <algorithm>
#include <array>
#include <cmath>

#include "core/rng.h"
#include "data/dataset.h"

namespace cambium::dataset_bars_and_shapes {
namespace {
struct BarsAndShapes {
  int64_t size = 32, channels = 1;
  double noise = 0.3;
  int64_t train = 10'000, val = 1000, test = 1000;

  static constexpr auto fields = std::tuple{
      field("size", &BarsAndShapes::size, "rows and columns of a picture").in(12, 1024),
      field("channels", &BarsAndShapes::channels, "colours; each figure has a random one")
          .in(1, 64),
      field("noise", &BarsAndShapes::noise, "standard deviation of every pixel; a figure has 1")
          .in(0, 100),
      field("train", &BarsAndShapes::train, "pictures, new ones each epoch").in(1, 1 << 30),
      field("val", &BarsAndShapes::val, "pictures").in(1, 1 << 30),
      field("test", &BarsAndShapes::test, "pictures").in(1, 1 << 30)};
};

// Whether the point (x, y), in units of the figure's radius, is ink.
using Figure = bool (*)(double x, double y);

constexpr double kPen = 0.22;  // half the width of a line

bool in_box(double x, double y) {
  return std::max(std::abs(x), std::abs(y)) <= 1;
}

constexpr std::array<Figure, 10> kFigures = {
    [](double x, double y) { return in_box(x, y) && std::abs(y) <= kPen; },            // bar
    [](double x, double y) { return in_box(x, y) && std::abs(x) <= kPen; },            // upright
    [](double x, double y) { return in_box(x, y) && std::abs(x - y) <= 1.4 * kPen; },  // falling
    [](double x, double y) { return in_box(x, y) && std::abs(x + y) <= 1.4 * kPen; },  // rising
    [](double x, double y) {                                                           // plus
      return in_box(x, y) && std::min(std::abs(x), std::abs(y)) <= kPen;
    },
    [](double x, double y) {  // cross
      return in_box(x, y) && std::min(std::abs(x - y), std::abs(x + y)) <= 1.4 * kPen;
    },
    [](double x, double y) {  // square
      return in_box(x, y) && std::max(std::abs(x), std::abs(y)) >= 1 - 2 * kPen;
    },
    [](double x, double y) { return std::abs(std::hypot(x, y) - (1 - kPen)) <= kPen; },  // ring
    [](double x, double y) { return std::hypot(x, y) <= 1; },                            // disc
    [](double x, double y) { return in_box(x, y) && std::abs(x) <= (y + 1) / 2; }};      // triangle

class BarsAndShapesSet final : public Dataset {
 public:
  BarsAndShapesSet(const BarsAndShapes& a, uint64_t seed) : options_(a), seed_(seed) {}

  DataShape shape(int64_t batch) const override {
    return {.domain = Domain::kGrid,
            .x = {DType::kF32, {batch, options_.size, options_.size, options_.channels}},
            .target = {DType::kI32, {batch}},
            .classes = int64_t(kFigures.size())};
  }

  int64_t count(Split split) const override {
    if (split == Split::kTrain) return options_.train;
    return split == Split::kValidation ? options_.val : options_.test;
  }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    const auto pixels = size_t(options_.size * options_.size * options_.channels);
    std::ranges::fill(into.x.f32(), 0.0f);
    std::ranges::fill(into.target.i32(), -1);
    for (size_t k = 0; k < indices.size(); ++k) {
      Random random(seed_ ^ epoch_seed,
                    stream_of(str("bars_and_shapes.", int(split), ".", indices[k])));
      into.target.i32()[k] = draw(random, into.x.f32().subspan(k * pixels, pixels));
    }
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", int64_t(kFigures.size())},
            {"height", options_.size},
            {"width", options_.size},
            {"channels", options_.channels}};
  }

  uint64_t content() const override { return hash_options(options_, seed_); }

  std::string describe() const override {
    return str(options_.train, " train, ", options_.val, " val, ", options_.test,
               " test pictures of ", options_.size, " x ", options_.size, " with ",
               options_.channels, " colours in ", kFigures.size(), " classes, generated");
  }

 private:
  // Draws one picture [Y,X,C] and answers its class.
  int32_t draw(Random& random, std::span<float> to) const {
    const auto label = int32_t(random.below(uint32_t(kFigures.size())));
    const double radius = double(options_.size) * (0.2 + 0.15 * random.uniform());
    const auto place = [&] {
      return radius + (double(options_.size - 1) - 2 * radius) * random.uniform();
    };
    const double cx = place(), cy = place();
    std::vector<double> colour(size_t(options_.channels), 1.0);
    if (options_.channels > 1)
      for (double& c : colour) c = random.uniform();
    size_t at = 0;
    for (int64_t y = 0; y < options_.size; ++y)
      for (int64_t x = 0; x < options_.size; ++x) {
        const bool ink =
            kFigures[size_t(label)]((double(x) - cx) / radius, (double(y) - cy) / radius);
        for (const double c : colour)
          to[at++] = float((ink ? c : 0.0) + options_.noise * random.normal());
      }
    return label;
  }

  BarsAndShapes options_;
  uint64_t seed_;
};
}  // namespace

extern const DatasetKind dataset_bars_and_shapes = {
    .name = "bars_and_shapes",
    .doc = "drawn figures under noise: four bars, plus, cross, square, ring, disc, triangle",
    .source = "generated by the program",
    .attrs = fields_of<BarsAndShapes>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<BarsAndShapesSet>(attrs.as<BarsAndShapes>(), seed);
    }};
}  // namespace cambium::dataset_bars_and_shapes
