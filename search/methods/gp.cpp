// GP: a Gaussian process of each objective, fitted to all that is known; of many points, near the
// best and anywhere, that is tried which promises most: improvement of one objective, hypervolume
// of two, a weighed sum of more. Trials that still run count with what is believed of them, so that
// nothing beside them is proposed again.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "search/answer/front.h"
#include "search/methods/support/distances.h"
#include "search/methods/support/gp_fit.h"
#include "search/methods/support/improvement.h"
#include "search/methods/support/known_losses.h"
#include "search/methods/support/method.h"
#include "search/space/moves.h"

namespace cambium::method_gp {
namespace {
constexpr size_t kFitted = 80;    // trials that several starts are fitted to
constexpr int kPolish = 8;        // evaluations of the likelihood of all trials beyond those
constexpr size_t kParents = 5;    // points near which further ones are drawn
constexpr size_t kChildren = 16;  // of each
constexpr double kWidths[] = {0.1, 0.03, 0.01, 0.003};  // of moves of numbers, in rounds

struct Gp {
  int64_t startup = 10, candidates = 256, most = 300, starts = 2;

  static constexpr auto fields =
      std::tuple{field("startup", &Gp::startup, "trials that are drawn at first").in(2, 100'000),
                 field("candidates", &Gp::candidates,
                       "points that are looked at first, half of them near the "
                       "best trials")
                     .in(16, 100'000),
                 field("most", &Gp::most,
                       "trials that are modelled exactly; of more, the best half of them and such "
                       "as lie far from one another")
                     .in(10, 2000),
                 field("starts", &Gp::starts, "of the fit of length scales and noise").in(1, 20)};
};

// The best half of `most`, then always who lies farthest from all that are chosen, so that no
// region that was tried looks as if it were not. `order`: from best to worst; the answer is by age.
std::vector<size_t> modelled(const ProposalInputs& in, std::vector<size_t> order, size_t most) {
  if (order.size() > most) {
    const Distances distances(in.space);
    std::vector<double> squared(distances.groups().size()), nearest(order.size(), HUGE_VAL);
    std::vector<Distances::Place> places;
    for (const size_t t : order) places.push_back(distances.place_of(in.history[t].point));
    std::vector<size_t> chosen;
    for (size_t k = 0; k < most; ++k) {
      const size_t next =
          k < most / 2 ? k : size_t(std::ranges::max_element(nearest) - nearest.begin());
      chosen.push_back(order[next]);
      for (size_t i = 0; i < order.size(); ++i) {
        distances.squared(places[next], places[i], squared);
        nearest[i] = std::min(nearest[i], std::accumulate(squared.begin(), squared.end(), 0.0));
      }
      nearest[next] = -1;
    }
    order = std::move(chosen);
  }
  std::ranges::sort(order);
  return order;
}

PointPairs first_of(const PointPairs& pairs, size_t n) {
  PointPairs out(n, pairs.groups);
  std::copy_n(pairs.squared.begin(), out.squared.size(), out.squared.begin());
  return out;
}

// The known trials and those that still run, and how they lie to one another.
class Situation {
 public:
  Situation(const ProposalInputs& in, std::vector<size_t> known)
      : distances_(in.space), known_(std::move(known)), pairs_(0, 0) {
    for (const size_t t : known_) places_.push_back(distances_.place_of(in.history[t].point));
    for (const PastTrial& t : in.history)
      if (!t.outcome) places_.push_back(distances_.place_of(t.point));
    pairs_ = PointPairs(places_.size(), distances_.groups().size());
    for (size_t i = 0; i < places_.size(); ++i)
      for (size_t j = 0; j <= i; ++j) distances_.squared(places_[i], places_[j], pairs_.at(i, j));
  }

  const std::vector<size_t>& known() const { return known_; }

  // From each of `points` to the first n places: [points, n, groups].
  std::vector<double> squared_to(std::span<const SpacePoint> points, size_t n) const {
    std::vector<double> out(points.size() * n * pairs_.groups);
    size_t at = 0;
    for (const SpacePoint& p : points) {
      const Distances::Place place = distances_.place_of(p);
      for (size_t i = 0; i < n; ++i, at += pairs_.groups)
        distances_.squared(place, places_[i], std::span(out).subspan(at, pairs_.groups));
    }
    return out;
  }

  size_t size() const { return places_.size(); }

  // Of the losses of the known trials, with those that run as it believes them.
  GaussianProcess process(std::vector<double> losses, const Gp& o, Random& random) const {
    const size_t n = known_.size();
    GpParameters p = fit_gp(first_of(pairs_, std::min(n, kFitted)),
                            std::span(losses).first(std::min(n, kFitted)), {int(o.starts)}, random);
    const PointPairs known = first_of(pairs_, n);
    if (n > kFitted) p = fit_gp(known, losses, {.evaluations = kPolish}, p);
    GaussianProcess alone(known, losses, p);
    if (n == places_.size()) return alone;
    std::vector<double> squared;
    for (size_t i = n; i < places_.size(); ++i)
      for (size_t j = 0; j < n; ++j)
        squared.insert(squared.end(), pairs_.at(i, j).begin(), pairs_.at(i, j).end());
    for (const Normal& believed : alone.at(squared)) losses.push_back(believed.mean);
    return GaussianProcess(pairs_, losses, alone.parameters());
  }

 private:
  Distances distances_;
  std::vector<size_t> known_;
  std::vector<Distances::Place> places_;
  PointPairs pairs_;
};

// What a point promises; more is better.
class Promise {
 public:
  Promise(const Situation& situation, const std::vector<std::vector<double>>& losses, const Gp& o,
          Random& random)
      : situation_(situation) {
    if (losses.size() <= 2)
      for (const std::vector<double>& l : losses)
        processes_.push_back(situation.process(l, o, random));
    else
      processes_.push_back(situation.process(weighed_losses(losses, random), o, random));
    std::vector<std::vector<double>> means;
    for (const GaussianProcess& p : processes_) means.push_back(p.means());
    least_ = std::ranges::min(means[0]);
    if (processes_.size() == 1) return;
    std::vector<Losses> results;
    for (size_t i = 0; i < means[0].size(); ++i) results.push_back({{means[0][i], means[1][i]}});
    std::vector<std::vector<double>> front;
    for (const size_t i : front_of(results)) front.push_back(results[i].values);
    volume_.emplace(std::move(front),
                    std::vector{std::ranges::max(means[0]), std::ranges::max(means[1])});
  }

  std::vector<double> of(std::span<const SpacePoint> points) const {
    const std::vector<double> squared = situation_.squared_to(points, situation_.size());
    std::vector<std::vector<Normal>> believed;
    for (const GaussianProcess& p : processes_) believed.push_back(p.at(squared));
    std::vector<double> out;
    for (size_t i = 0; i < points.size(); ++i)
      out.push_back(volume_ ? volume_->expected(believed[0][i], believed[1][i])
                            : log_expected_improvement(believed[0][i], least_));
    return out;
  }

 private:
  const Situation& situation_;
  std::vector<GaussianProcess> processes_;
  double least_ = 0;
  std::optional<HypervolumeImprovement> volume_;
};

// All its numbers moved a little; where it has none or that is not valid, `mutated`.
SpacePoint nudged(const Space& space, const SpacePoint& p, double width, Random& random) {
  SpacePoint out = p;
  for (size_t i = 0; i < p.genes.size(); ++i) {
    const Dimension& d = space.dimensions()[i];
    if (!p.genes[i].active || !is_ordered(d)) continue;
    const double unit = unit_of(d, p.genes[i]) + width * random.normal();
    out.genes[i] = gene_of_unit(d, std::clamp(unit, 0.0, 1.0));
  }
  space.settle(out, random);
  return out == p || !space.valid(out) ? mutated(space, p, random) : out;
}

struct Candidate {
  SpacePoint point;
  double promise;
};

void add_scored(std::vector<Candidate>& pool, std::vector<SpacePoint> points,
                const Promise& promise) {
  const std::vector<double> scores = promise.of(points);
  for (size_t i = 0; i < points.size(); ++i) pool.push_back({std::move(points[i]), scores[i]});
  std::ranges::stable_sort(pool, std::greater{}, &Candidate::promise);
}

// Most promising first; `best`: the known trials from the best on. Whether a point is accepted is
// not asked: of models that would build hundreds.
std::vector<Candidate> candidates(const ProposalInputs& in, const std::vector<size_t>& best,
                                  const Promise& promise, int64_t count, Random& random) {
  const Space space = in.space.unchecked();
  std::vector<SpacePoint> points;
  for (int64_t i = 0; i < count; ++i)
    points.push_back(
        i % 2 ? space.draw(random)
              : mutated(space,
                        in.history[best[size_t(i / 2) % std::min(kParents, best.size())]].point,
                        random));
  std::vector<Candidate> pool;
  add_scored(pool, std::move(points), promise);
  for (const double width : kWidths) {
    points.clear();
    for (size_t k = 0; k < std::min(kParents, pool.size()); ++k)
      for (size_t c = 0; c < kChildren; ++c)
        points.push_back(c % 2 ? mutated(space, pool[k].point, random)
                               : nudged(space, pool[k].point, width, random));
    add_scored(pool, std::move(points), promise);
  }
  return pool;
}

std::optional<SpacePoint> propose(const ProposalInputs& in) {
  const Gp& o = in.options.as<Gp>();
  Random random = random_of(in);
  const std::vector<size_t> order = best_first(in.history);
  const auto alive =
      std::ranges::count_if(order, [&](size_t i) { return !in.history[i].outcome->failed; });
  if (int64_t(in.history.size()) < o.startup || alive < 2) return in.space.draw(random);
  const Situation situation(in, modelled(in, order, size_t(o.most)));
  const Promise promise(situation, known_losses(in.history, situation.known()), o, random);
  for (Candidate& c : candidates(in, order, promise, o.candidates, random))
    if (in.fresh(c.point)) return std::move(c.point);
  return in.space.draw(random);
}
}  // namespace

extern const Method method_gp;
const Method method_gp = {
    .name = "gp",
    .doc = "where a Gaussian process expects the largest improvement",
    .paper =
        "Jones et al. 1998, J. Global Optimization 13; two objectives: Emmerich et al. 2011, "
        "CEC; more: Knowles 2006, IEEE TEC 10",
    .attrs = fields_of<Gp>,
    .propose = propose,
    .many_objectives = true,
    .draws = [](const Attrs& options) { return options.as<Gp>().startup; }};
}  // namespace cambium::method_gp
