// TPE: one density of the good trials and one of the others, over all dimensions together; of what
// the first draws, that is tried whose ratio of the two is the largest. Trials that still run count
// as bad (a constant liar), so that nothing beside them is proposed again.
#include <algorithm>
#include <cmath>

#include "search/methods/support/method.h"
#include "search/methods/support/parzen.h"

namespace cambium::method_tpe {
namespace {
struct Tpe {
  int64_t startup = 10, candidates = 48;
  double good = 0.15, prior = 1;

  static constexpr auto fields = std::tuple{
      field("startup", &Tpe::startup, "trials that are drawn at first").in(2, 100'000),
      field("candidates", &Tpe::candidates, "drawn from the good ones' density").in(1, 100'000),
      field("good", &Tpe::good,
            "share of the trials that count as good; at least two do, at most "
            "25")
          .in(0.001, 0.9),
      field("prior", &Tpe::prior, "weight of equal chances, in trials").in(0.01, 1000)};
};

std::optional<SpacePoint> propose(const ProposalInputs& in) {
  const Tpe& o = in.options.as<Tpe>();
  Random random = random_of(in);
  const std::vector<size_t> order = best_first(in.history);
  // Trials that failed stand last, and are never what the next should be like.
  const auto alive = size_t(
      std::ranges::count_if(order, [&](size_t i) { return !in.history[i].outcome->failed; }));
  if (int64_t(in.history.size()) < o.startup || order.size() < 2 || alive == 0)
    return in.space.draw(random);
  const size_t count =
      std::min({alive, order.size() - 1, size_t(25),
                std::max<size_t>(2, size_t(std::ceil(o.good * double(order.size()))))});
  std::vector<const SpacePoint*> good, bad;
  for (size_t i = 0; i < order.size(); ++i)
    (i < count ? good : bad).push_back(&in.history[order[i]].point);
  for (const PastTrial& t : in.history)
    if (!t.outcome) bad.push_back(&t.point);
  const Parzen better(in.space, good, o.prior), worse(in.space, bad, o.prior);
  std::optional<SpacePoint> best;
  double most = 0;
  for (int64_t i = 0; i < o.candidates; ++i) {
    SpacePoint p = better.draw(random);
    if (!in.fresh(p)) continue;
    const double gain = better.log_density(p) - worse.log_density(p);
    if (best && gain <= most) continue;
    most = gain;
    best = std::move(p);
  }
  return best ? best : in.space.draw(random);
}
}  // namespace

extern const Method method_tpe;
const Method method_tpe = {.name = "tpe",
                           .doc = "where good trials are dense and bad ones are not",
                           .paper =
                               "Bergstra et al. 2011, NeurIPS 24; multivariate as Falkner et "
                               "al. 2018",
                           .attrs = fields_of<Tpe>,
                           .propose = propose,
                           .many_objectives = true,
                           .draws = [](const Attrs& options) { return options.as<Tpe>().startup; }};
}  // namespace cambium::method_tpe
