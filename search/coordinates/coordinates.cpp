#include "search/coordinates/coordinates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

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

// Of log y by log x, least squares.
double log_slope(std::span<const int64_t> x, std::span<const double> y) {
  const auto n = double(x.size());
  double mx = 0, my = 0, xy = 0, xx = 0;
  for (size_t i = 0; i < x.size(); ++i) {
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
  const int64_t total = e.total_steps();
  for (int64_t step = 1; step <= steps; ++step) {
    session.step(step, e.train.lr(std::min(step, total), total));
    const std::vector<std::vector<float>> now = probe.values(session);
    for (size_t i = 0; i < now.size(); ++i)
      out.change[i].push_back(root_mean_square(now[i], first[i]));
  }
  return out;
}

std::string what_varies(const Spec& spec, const CoordinateSettings& settings) {
  if (!settings.vary.empty()) {
    require_variable(spec, settings.vary);
    return settings.vary;
  }
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
  if (const auto twice = std::ranges::adjacent_find(sorted);
      twice != sorted.end() && sorted.size() > 2)
    throw UserError(str("the size ", *twice, " stands twice"), "name each size once");
  if (sorted.size() < 2 || sorted.front() < 1 || sorted.front() == sorted.back())
    throw UserError("a slope needs two or more different sizes, each at least 1",
                    "write --widths 32,64,128,256");
}

// Of every value of the model: what a change of its sizes changes.
std::vector<Shape> shapes_of(const Experiment& e) {
  std::vector<Shape> out;
  for (const Node& n : model_of(e, 1, true).graph.nodes())
    for (const ValueType& type : n.outputs) out.push_back(type.shape);
  return out;
}

// A check of what is everywhere as large would pass whatever the parameterisation does.
void require_change(const std::vector<Shape>& shapes, std::vector<Shape>& first,
                    const CoordinateCheck& c, size_t size) {
  if (size == 0) first = shapes;
  if (size > 0 && shapes == first)
    throw UserError(str("nothing of the model is of another size at ", c.vary, " = ", c.sizes[size],
                        " than at ", c.sizes[0]),
                    "name what its width depends on: --vary vars.dim");
}

// The mean and its standard error.
std::pair<double, double> mean_and_error(std::span<const double> x) {
  const auto n = double(x.size());
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / n;
  for (const double v : x) squares += (v - mean) * (v - mean);
  return {mean, x.size() < 2 ? 0 : std::sqrt(squares / (n - 1) / n)};
}

// What was watched of a block: of each size and seed, at the start and after each step.
class Sizes {
 public:
  Sizes(const CoordinateSettings& s, BlockOutput block)
      : settings_(s), block_(std::move(block)), runs_(s.sizes.size()) {}

  const std::string& path() const { return block_.path; }

  void add(size_t size, double start, const std::vector<double>& change) {
    runs_[size].push_back(change);
    runs_[size].back().insert(runs_[size].back().begin(), start);
  }

  // Whether it stands at every size, and changes at every step.
  bool whole() const {
    for (const auto& seeds : runs_) {
      if (int64_t(seeds.size()) != settings_.seeds) return false;
      for (const auto& values : seeds)
        for (const double v : values)
          if (!(v > 0)) return false;
    }
    return true;
  }

  LayerChange answer() const {
    LayerChange l{.path = block_.path, .block = block_.block, .start = means(0)};
    l.start_slope = slope(0).first;
    l.worst = -std::numeric_limits<double>::infinity();
    for (size_t t = 1; t <= size_t(settings_.steps); ++t) {
      const auto [mean, error] = slope(t);
      l.change.push_back(means(t));
      l.slopes.push_back(mean);
      l.errors.push_back(error);
      if (mean > l.worst) std::tie(l.worst, l.worst_error) = std::pair(mean, error);
      l.verdict = std::max(l.verdict, judge(mean, error));
    }
    for (const auto& seeds : runs_) {
      const auto last = [](const std::vector<double>& v) { return v.back(); };
      l.low.push_back(std::ranges::min(seeds, {}, last).back());
      l.high.push_back(std::ranges::max(seeds, {}, last).back());
    }
    return l;
  }

 private:
  SlopeVerdict judge(double slope, double error) const {
    if (slope <= settings_.most_slope) return SlopeVerdict::kPasses;
    return slope - 3 * error > settings_.most_slope ? SlopeVerdict::kFails : SlopeVerdict::kUnclear;
  }

  // Geometric, so that their slope is the mean of the slopes.
  std::vector<double> means(size_t t) const {
    std::vector<double> out;
    for (const auto& seeds : runs_) {
      double sum = 0;
      for (const auto& values : seeds) sum += std::log(values[t]);
      out.push_back(std::exp(sum / double(seeds.size())));
    }
    return out;
  }

  std::pair<double, double> slope(size_t t) const {
    std::vector<double> slopes;
    for (size_t seed = 0; seed < size_t(settings_.seeds); ++seed) {
      std::vector<double> y;
      for (const auto& seeds : runs_) y.push_back(seeds[seed][t]);
      slopes.push_back(log_slope(settings_.sizes, y));
    }
    return mean_and_error(slopes);
  }

  const CoordinateSettings& settings_;
  BlockOutput block_;
  std::vector<std::vector<std::vector<double>>> runs_;  // [size][seed][start, then steps]
};

Sizes& sizes_of(std::vector<Sizes>& all, const CoordinateSettings& s, const BlockOutput& block) {
  const auto found = std::ranges::find(all, block.path, &Sizes::path);
  return found != all.end() ? *found : all.emplace_back(s, block);
}
}  // namespace

std::string_view name_of(SlopeVerdict v) {
  constexpr std::string_view kNames[] = {"passes", "unclear", "fails"};
  return kNames[size_t(v)];
}

CoordinateCheck check_coordinates(const Spec& spec, const CoordinateSettings& settings,
                                  const std::function<void(const std::string&)>& progress) {
  check_settings(settings);
  CoordinateCheck out{
      .vary = what_varies(spec, settings), .sizes = settings.sizes, .seeds = settings.seeds};
  std::vector<Sizes> blocks;
  std::shared_ptr<const Dataset> data;
  std::vector<Shape> first;
  for (size_t i = 0; i < settings.sizes.size(); ++i)
    for (int64_t seed = 0; seed < settings.seeds; ++seed) {
      Spec sized = spec;
      apply_override(sized.root, out.vary, scalar_yaml(str(settings.sizes[i])), {});
      set_train(sized.root, "seed", str(seed));
      const Experiment e = open_experiment(std::move(sized), data);
      data = e.data;
      if (seed == 0) require_change(shapes_of(e), first, out, i);
      out.parameterisation = e.parameterisation.record->name;
      if (progress) progress(str(out.vary, " = ", settings.sizes[i], ", seed ", seed));
      const Watched w = watch(e, settings.steps);
      for (size_t k = 0; k < w.blocks.size(); ++k)
        sizes_of(blocks, settings, w.blocks[k]).add(i, w.start[k], w.change[k]);
    }
  for (const Sizes& b : blocks)
    if (b.whole()) out.layers.push_back(b.answer());
  require(!out.layers.empty(), "no block changes at all in ", settings.steps, " steps");
  out.most_slope = settings.most_slope;
  const auto worst = std::ranges::max_element(out.layers, {}, &LayerChange::worst);
  out.worst = worst->worst;
  out.worst_path = worst->path;
  for (const LayerChange& l : out.layers) out.verdict = std::max(out.verdict, l.verdict);
  return out;
}
}  // namespace cambium
