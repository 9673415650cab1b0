#include "search/coordinates/coordinates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/coordinates/probe.h"
#include "search/study/spec_edit.h"

namespace cambium {
namespace {
double root_mean_square(std::span<const float> x, std::span<const float> from = {}) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double d = double(x[i]) - (from.empty() ? 0 : double(from[i]));
    sum += d * d;
  }
  return x.empty() ? 0 : std::sqrt(sum / double(x.size()));
}

// Of log y by log x, least squares; not a number where a y is not positive.
double log_slope(std::span<const int64_t> x, std::span<const double> y) {
  const auto n = double(x.size());
  double mx = 0, my = 0, xy = 0, xx = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!(y[i] > 0)) return std::numeric_limits<double>::quiet_NaN();
    mx += std::log(double(x[i])) / n;
    my += std::log(y[i]) / n;
  }
  for (size_t i = 0; i < x.size(); ++i) {
    const double d = std::log(double(x[i])) - mx;
    xy += d * (std::log(y[i]) - my);
    xx += d * d;
  }
  return xy / xx;
}

// Of one training: block -> its size at the start, then its change after each step.
struct Watched {
  std::vector<BlockOutput> blocks;
  std::vector<double> start;
  std::vector<std::vector<double>> change;  // [block][step]
};

Watched watch(const Experiment& e, int64_t steps) {
  Probe probe(e);
  Session session(e, usable_memory_bytes());
  session.start(0);
  const std::vector<std::vector<float>> first = probe.values(session);
  Watched out{probe.blocks(), {}, std::vector<std::vector<double>>(first.size())};
  for (const auto& v : first) out.start.push_back(root_mean_square(v));
  const double lr = e.train.optimizer.record->peak_lr(e.train.optimizer.attrs);
  for (int64_t step = 1; step <= steps; ++step) {
    session.step(step, lr);
    const std::vector<std::vector<float>> now = probe.values(session);
    for (size_t i = 0; i < now.size(); ++i)
      out.change[i].push_back(root_mean_square(now[i], first[i]));
  }
  return out;
}

std::string what_varies(const Spec& spec, const CoordinateSettings& settings) {
  if (!settings.vary.empty()) return settings.vary;
  Diagnostics errors;
  const ParameterisationChoice choice = parse_parameterisation(spec, errors);
  errors.throw_if_any();
  if (!choice.base.empty()) return choice.base.front().key;
  throw UserError("which size is to vary is not said", "name its path: --vary vars.dim",
                  spec.root.mark);
}

void check_settings(const CoordinateSettings& s) {
  std::vector<int64_t> sorted = s.sizes;
  std::ranges::sort(sorted);
  if (sorted.size() < 2 || sorted.front() < 1 || std::ranges::adjacent_find(sorted) != sorted.end())
    throw UserError("a slope needs two or more different sizes, each at least 1",
                    "write --widths 32,64,128,256");
}

// Roots of means of squares over seeds.
class Means {
 public:
  explicit Means(const CoordinateSettings& s) : settings_(s) {}

  void add(size_t size, const Watched& w) {
    for (size_t i = 0; i < w.blocks.size(); ++i) {
      LayerChange& layer = layer_of(w.blocks[i]);
      layer.start[size] += w.start[i] * w.start[i];
      for (size_t t = 0; t < w.change[i].size(); ++t)
        layer.change[t][size] += w.change[i][t] * w.change[i][t];
      layer.low[size] = std::min(layer.low[size], w.change[i].back());
      layer.high[size] = std::max(layer.high[size], w.change[i].back());
      ++seen_[w.blocks[i].path];
    }
  }

  // Of the blocks that stand at every size.
  std::vector<LayerChange> layers() {
    const auto all = settings_.seeds * int64_t(settings_.sizes.size());
    std::erase_if(layers_, [&](const LayerChange& l) { return seen_.at(l.path) != all; });
    for (LayerChange& l : layers_) {
      const auto settle = [&](std::vector<double>& sums) {
        for (double& v : sums) v = std::sqrt(v / double(settings_.seeds));
        return log_slope(settings_.sizes, sums);
      };
      l.start_slope = settle(l.start);
      for (auto& sums : l.change) l.slopes.push_back(settle(sums));
      l.worst = -std::numeric_limits<double>::infinity();
      for (const double s : l.slopes) l.worst = std::max(l.worst, std::isnan(s) ? l.worst : s);
    }
    std::erase_if(layers_, [](const LayerChange& l) { return !std::isfinite(l.worst); });
    return std::move(layers_);
  }

 private:
  LayerChange& layer_of(const BlockOutput& b) {
    const auto found = std::ranges::find(layers_, b.path, &LayerChange::path);
    if (found != layers_.end()) return *found;
    const size_t n = settings_.sizes.size();
    LayerChange l{.path = b.path, .block = b.block, .start = std::vector<double>(n)};
    l.change.assign(size_t(settings_.steps), std::vector<double>(n));
    l.low.assign(n, std::numeric_limits<double>::infinity());
    l.high.assign(n, 0);
    layers_.push_back(std::move(l));
    return layers_.back();
  }

  const CoordinateSettings& settings_;
  std::vector<LayerChange> layers_;
  std::map<std::string, int64_t> seen_;
};
}  // namespace

CoordinateCheck check_coordinates(const Spec& spec, const CoordinateSettings& settings,
                                  const std::function<void(const std::string&)>& progress) {
  check_settings(settings);
  CoordinateCheck out{.vary = what_varies(spec, settings), .sizes = settings.sizes};
  Means means(settings);
  std::shared_ptr<const Dataset> data;
  for (size_t i = 0; i < settings.sizes.size(); ++i)
    for (int64_t seed = 0; seed < settings.seeds; ++seed) {
      Spec sized = spec;
      apply_override(sized.root, out.vary, scalar_yaml(str(settings.sizes[i])), {});
      set_train(sized.root, "seed", str(seed));
      const Experiment e = open_experiment(std::move(sized), data);
      data = e.data;
      out.parameterisation = e.parameterisation.record->name;
      if (progress) progress(str(out.vary, " = ", settings.sizes[i], ", seed ", seed));
      means.add(i, watch(e, settings.steps));
    }
  out.layers = means.layers();
  require(!out.layers.empty(), "no block changes at all in ", settings.steps, " steps");
  out.most_slope = settings.most_slope;
  const auto worst = std::ranges::max_element(out.layers, {}, &LayerChange::worst);
  out.worst = worst->worst;
  out.worst_path = worst->path;
  return out;
}
}  // namespace cambium
