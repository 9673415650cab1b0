#include "search/methods/support/parzen.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cambium {
namespace {
double normal_below(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

size_t drawn(std::span<const double> chances, Random& random) {
  double u = random.uniform();
  for (size_t i = 0; i + 1 < chances.size(); ++i) {
    u -= chances[i];
    if (u < 0) return i;
  }
  return chances.size() - 1;
}
}  // namespace

PatternDensity::PatternDensity(const Dimension& d, std::span<const std::string> patterns,
                               double prior)
    : letters_(d.letters), shortest_(d.shortest), prior_(prior) {
  const size_t n = letters_.size();
  const Counts none{std::vector<double>(n), 0};
  all_ = none;
  after_.assign(n + 1, none);
  place_.assign(size_t(d.longest), none);
  lengths_.assign(size_t(d.longest - d.shortest + 1), prior / double(d.longest - d.shortest + 1));
  const auto count = [](Counts& c, size_t letter) {
    c.of[letter] += 1;
    c.sum += 1;
  };
  for (const std::string& p : patterns) {
    lengths_[p.size() - size_t(shortest_)] += 1;
    size_t before = n;
    for (size_t i = 0; i < p.size(); ++i) {
      const size_t letter = index(p[i]);
      count(all_, letter);
      count(after_[before], letter);
      count(place_[i], letter);
      before = letter;
    }
  }
  for (double& l : lengths_) l /= double(patterns.size()) + prior;
}

// Each level adds to its counts `prior` letters as the level before it expects them.
std::vector<double> PatternDensity::chances(size_t place, size_t before) const {
  std::vector<double> out(letters_.size(), 1.0 / double(letters_.size()));
  const auto refine = [&](const Counts& c) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = (c.of[i] + prior_ * out[i]) / (c.sum + prior_);
  };
  refine(all_);
  refine(after_[before]);
  refine(place_[place]);
  return out;
}

double PatternDensity::log_density(const std::string& pattern) const {
  double sum = std::log(lengths_[pattern.size() - size_t(shortest_)]);
  size_t before = letters_.size();
  for (size_t i = 0; i < pattern.size(); ++i) {
    const size_t letter = index(pattern[i]);
    sum += std::log(chances(i, before)[letter]);
    before = letter;
  }
  return sum;
}

std::string PatternDensity::draw(Random& random) const {
  const size_t length = drawn(lengths_, random) + size_t(shortest_);
  std::string out;
  size_t before = letters_.size();
  for (size_t i = 0; i < length; ++i) {
    before = drawn(chances(i, before), random);
    out += letters_[before];
  }
  return out;
}

Parzen::Parzen(const Space& space, std::vector<const SpacePoint*> points, double prior)
    : space_(space), points_(std::move(points)), prior_(prior) {
  const std::vector<Dimension>& dimensions = space_.dimensions();
  const double n = double(points_.size()) + 1;
  // Scott's rule on the unit interval, no narrower than the points are dense.
  width_ =
      std::max(0.2 * std::pow(n, -1 / (double(dimensions.size()) + 4)), 1 / std::min(100.0, n));
  patterns_.resize(dimensions.size());
  centers_.resize(dimensions.size());
  heights_.resize(dimensions.size());
  for (size_t i = 0; i < dimensions.size(); ++i) {
    std::vector<std::string> seen;
    for (const SpacePoint* p : points_) {
      const Gene& gene = p->genes[i];
      if (dimensions[i].kind == DimensionKind::kPattern && gene.active)
        seen.push_back(gene.letters);
      if (is_ordered(dimensions[i]))
        centers_[i].push_back(gene.active ? unit_of(dimensions[i], gene) : 0.5);
    }
    for (const double c : centers_[i]) {
      const double inside = normal_below((1 - c) / width_) - normal_below(-c / width_);
      heights_[i].push_back(1 / (width_ * std::sqrt(2 * std::numbers::pi) * inside));
    }
    if (dimensions[i].kind == DimensionKind::kPattern)
      patterns_[i] = PatternDensity(dimensions[i], seen, prior_);
  }
}

// Of a value under one kernel, as a density over the unit interval or a chance.
double Parzen::gene_density(size_t dimension, const Gene& gene, size_t kernel) const {
  const Dimension& d = space_.dimensions()[dimension];
  const bool uniform = kernel == points_.size() || !points_[kernel]->genes[dimension].active;
  if (d.kind == DimensionKind::kChoices) {
    const double n = double(d.choices.size());
    if (uniform) return 1 / n;
    const double spread = prior_ / (double(points_.size()) + prior_);
    return spread / n + (points_[kernel]->genes[dimension].index == gene.index ? 1 - spread : 0);
  }
  if (uniform) return 1;
  const double center = centers_[dimension][kernel], x = unit_of(d, gene);
  const double z = (x - center) / width_;
  return heights_[dimension][kernel] * std::exp(-0.5 * z * z);
}

double Parzen::log_density(const SpacePoint& p) const {
  double patterns = 0, sum = 0;
  std::vector<size_t> others;
  for (size_t i = 0; i < p.genes.size(); ++i) {
    if (!p.genes[i].active) continue;
    if (space_.dimensions()[i].kind == DimensionKind::kPattern)
      patterns += patterns_[i].log_density(p.genes[i].letters);
    else
      others.push_back(i);
  }
  if (others.empty()) return patterns;
  for (size_t k = 0; k <= points_.size(); ++k) {
    double product = k == points_.size() ? prior_ : 1;
    for (const size_t i : others) product *= gene_density(i, p.genes[i], k);
    sum += product;
  }
  return patterns + std::log(sum / (double(points_.size()) + prior_));
}

Gene Parzen::draw_near(size_t dimension, size_t kernel, Random& random) const {
  const Dimension& d = space_.dimensions()[dimension];
  if (d.kind == DimensionKind::kPattern)
    return {.active = true, .letters = patterns_[dimension].draw(random)};
  if (kernel == points_.size() || !points_[kernel]->genes[dimension].active)
    return draw_gene(d, random);
  const Gene& center = points_[kernel]->genes[dimension];
  if (d.kind == DimensionKind::kChoices) {
    const double spread = prior_ / (double(points_.size()) + prior_);
    return random.uniform() < spread ? draw_gene(d, random) : center;
  }
  double x = -1;
  while (x < 0 || x > 1) x = centers_[dimension][kernel] + width_ * random.normal();
  return gene_of_unit(d, x);
}

SpacePoint Parzen::draw(Random& random) const {
  const double u = random.uniform() * (double(points_.size()) + prior_);
  const size_t kernel = std::min(points_.size(), size_t(u));
  SpacePoint p;
  p.genes.resize(space_.dimensions().size());
  for (const size_t i : space_.order())
    if (space_.active(i, p)) p.genes[i] = draw_near(i, kernel, random);
  return p;
}
}  // namespace cambium
