// Boosted regression trees of depth 3 on the shares (Friedman 2001, Annals of Statistics 29:1189),
// as RegMix uses: what no formula says, at the price of many runs.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "search/mixtures/support/form.h"

namespace cambium::form_trees {
namespace {
constexpr int kRounds = 300, kDepth = 3;
constexpr size_t kLeaf = 4;     // runs in a leaf, at least
constexpr double kStep = 0.08;  // of each tree's answer that counts

struct Node {
  size_t source = 0;
  double threshold = 0, value = 0;
  int32_t left = -1, right = -1;  // none: a leaf
};

struct Split {
  double gain = 0, threshold = 0;
  size_t source = 0;
};

// The split of these runs that lowers their squares most. `order` is scratch.
Split best_split(const MixturePoints& points, std::span<const double> residuals,
                 std::vector<size_t> rows) {
  Split best;
  double all = 0;
  for (const size_t i : rows) all += residuals[i];
  const auto n = double(rows.size());
  for (size_t s = 0; s < points.sources.size(); ++s) {
    std::ranges::stable_sort(rows, {}, [&](size_t i) { return points.shares[i][s]; });
    double left = 0;
    for (size_t k = 0; k + 1 < rows.size(); ++k) {
      left += residuals[rows[k]];
      const double here = points.shares[rows[k]][s], next = points.shares[rows[k + 1]][s];
      const size_t count = k + 1;
      if (here == next || count < kLeaf || rows.size() - count < kLeaf) continue;
      const double right = all - left;
      const double gain =
          left * left / double(count) + right * right / (n - double(count)) - all * all / n;
      if (gain > best.gain * (1 + 1e-12) + 1e-15) best = {gain, (here + next) / 2, s};
    }
  }
  return best;
}

class Tree {
 public:
  Tree(const MixturePoints& points, std::span<const double> residuals) {
    std::vector<size_t> rows(points.size());
    std::iota(rows.begin(), rows.end(), 0);
    grow(points, residuals, std::move(rows), 0);
  }

  double at(std::span<const double> w) const {
    size_t k = 0;
    while (nodes_[k].left >= 0)
      k = size_t(w[nodes_[k].source] <= nodes_[k].threshold ? nodes_[k].left : nodes_[k].right);
    return nodes_[k].value;
  }

 private:
  int32_t grow(const MixturePoints& points, std::span<const double> residuals,
               std::vector<size_t> rows, int depth) {
    const auto at = int32_t(nodes_.size());
    nodes_.emplace_back();
    double sum = 0;
    for (const size_t i : rows) sum += residuals[i];
    nodes_.back().value = sum / double(rows.size());
    const Split split = depth < kDepth ? best_split(points, residuals, rows) : Split();
    if (split.gain <= 0) return at;
    const auto middle = std::stable_partition(rows.begin(), rows.end(), [&](size_t i) {
      return points.shares[i][split.source] <= split.threshold;
    });
    const int32_t left = grow(points, residuals, {rows.begin(), middle}, depth + 1);
    const int32_t right = grow(points, residuals, {middle, rows.end()}, depth + 1);
    Node& node = nodes_[size_t(at)];
    node.source = split.source;
    node.threshold = split.threshold;
    node.left = left;
    node.right = right;
    return at;
  }

  std::vector<Node> nodes_;
};

struct Fitted final : FittedMixture {
  double mean = 0;
  std::vector<Tree> trees;

  double at(std::span<const double> w) const override {
    double sum = mean;
    for (const Tree& tree : trees) sum += kStep * tree.at(w);
    return sum;
  }
};
}  // namespace

extern const MixtureForm form_trees = {
    .name = "trees",
    .doc = "300 boosted trees of depth 3: no formula, and only worth it from a hundred runs on",
    .fewest = [](size_t) { return size_t(4 * kLeaf); },
    .fit = [](const MixturePoints& points) -> std::unique_ptr<FittedMixture> {
      require_points(form_trees, points);
      auto fitted = std::make_unique<Fitted>();
      const std::vector<double>& y = points.losses;
      fitted->mean = std::accumulate(y.begin(), y.end(), 0.0) / double(y.size());
      std::vector<double> residuals;
      for (const double loss : y) residuals.push_back(loss - fitted->mean);
      for (int round = 0; round < kRounds; ++round) {
        fitted->trees.emplace_back(points, residuals);
        for (size_t i = 0; i < residuals.size(); ++i)
          residuals[i] -= kStep * fitted->trees.back().at(points.shares[i]);
      }
      return fitted;
    }};
}  // namespace cambium::form_trees
