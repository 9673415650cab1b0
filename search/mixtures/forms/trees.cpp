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

// The runs by their share of each source.
using Orders = std::vector<std::vector<size_t>>;

Orders orders_of(const MixturePoints& points) {
  Orders orders(points.sources.size());
  for (size_t s = 0; s < orders.size(); ++s) {
    orders[s].resize(points.size());
    std::iota(orders[s].begin(), orders[s].end(), 0);
    std::ranges::stable_sort(orders[s], {}, [&](size_t i) { return points.shares[i][s]; });
  }
  return orders;
}

// The split that lowers the squares of the runs of node `node` most.
Split best_split(const MixturePoints& points, std::span<const double> residuals,
                 const Orders& orders, std::span<const int32_t> node_of, int32_t node) {
  Split best;
  double all = 0;
  size_t n = 0;
  for (size_t i = 0; i < node_of.size(); ++i)
    if (node_of[i] == node) {
      all += residuals[i];
      ++n;
    }
  for (size_t s = 0; s < orders.size(); ++s) {
    double left = 0, before = 0;
    size_t count = 0;
    for (const size_t i : orders[s]) {
      if (node_of[i] != node) continue;
      const double here = points.shares[i][s];
      if (count >= kLeaf && n - count >= kLeaf && here != before) {
        const double right = all - left;
        const double gain =
            left * left / double(count) + right * right / double(n - count) - all * all / double(n);
        if (gain > best.gain * (1 + 1e-12) + 1e-15) best = {gain, (before + here) / 2, s};
      }
      left += residuals[i];
      before = here;
      ++count;
    }
  }
  return best;
}

class Tree {
 public:
  Tree(const MixturePoints& points, std::span<const double> residuals, const Orders& orders) {
    std::vector<int32_t> node_of(points.size(), 0);
    grow(points, residuals, orders, node_of, 0);
  }

  double at(std::span<const double> w) const {
    size_t k = 0;
    while (nodes_[k].left >= 0)
      k = size_t(w[nodes_[k].source] <= nodes_[k].threshold ? nodes_[k].left : nodes_[k].right);
    return nodes_[k].value;
  }

 private:
  // The node that the runs of its number, which is the next, are of.
  void grow(const MixturePoints& points, std::span<const double> residuals, const Orders& orders,
            std::vector<int32_t>& node_of, int depth) {
    const auto at = int32_t(nodes_.size());
    nodes_.emplace_back();
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < node_of.size(); ++i)
      if (node_of[i] == at) {
        sum += residuals[i];
        ++n;
      }
    nodes_.back().value = sum / double(n);
    const Split split =
        depth < kDepth ? best_split(points, residuals, orders, node_of, at) : Split();
    if (split.gain <= 0) return;
    for (const bool left : {true, false}) {
      const auto child = int32_t(nodes_.size());
      (left ? nodes_[size_t(at)].left : nodes_[size_t(at)].right) = child;
      for (size_t i = 0; i < node_of.size(); ++i)
        if (node_of[i] == at && (points.shares[i][split.source] <= split.threshold) == left)
          node_of[i] = child;
      grow(points, residuals, orders, node_of, depth + 1);
    }
    nodes_[size_t(at)].source = split.source;
    nodes_[size_t(at)].threshold = split.threshold;
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
      const Orders orders = orders_of(points);
      for (int round = 0; round < kRounds; ++round) {
        fitted->trees.emplace_back(points, residuals, orders);
        for (size_t i = 0; i < residuals.size(); ++i)
          residuals[i] -= kStep * fitted->trees.back().at(points.shares[i]);
      }
      return fitted;
    }};
}  // namespace cambium::form_trees
