// NSGA-II: parents are the best of all trials by front, then by the room around them; a result that
// breaks a condition is worse than any that does not (constraint domination).
#include <algorithm>
#include <limits>

#include "search/answer/front.h"
#include "search/methods/support/method.h"
#include "search/space/moves.h"

namespace cambium::method_nsga2 {
namespace {
struct Nsga2 {
  int64_t population = 20;
  double crossover = 0.5, mutation = 0.7;

  static constexpr auto fields = std::tuple{
      field("population", &Nsga2::population, "parents; as many are drawn at first").in(4, 100'000),
      field("crossover", &Nsga2::crossover, "share of children that have two parents").in(0, 1),
      field("mutation", &Nsga2::mutation,
            "share of those that are changed in one place too; "
            "children of one parent always are")
          .in(0, 1)};
};

struct Parent {
  size_t trial;
  int64_t front;
  double room;
};

// The `most` best of the known trials.
std::vector<Parent> parents_of(std::span<const PastTrial> history, size_t most) {
  std::vector<Losses> results;
  std::vector<size_t> trials;
  for (size_t i = 0; i < history.size(); ++i) {
    const std::optional<TrialOutcome>& o = history[i].outcome;
    if (!o) continue;
    trials.push_back(i);
    results.push_back(
        {o->losses, o->failed ? std::numeric_limits<double>::infinity() : o->violation});
  }
  const std::vector<int64_t> fronts = front_numbers(results);
  std::vector<size_t> order(trials.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](size_t i) { return fronts[i]; });
  std::vector<Parent> out;
  for (size_t begin = 0; begin < order.size() && out.size() < most;) {
    size_t end = begin;
    std::vector<Losses> front;
    while (end < order.size() && fronts[order[end]] == fronts[order[begin]])
      front.push_back(results[order[end++]]);
    const std::vector<double> room = room_around(front);
    std::vector<size_t> inside(front.size());
    for (size_t i = 0; i < inside.size(); ++i) inside[i] = i;
    std::ranges::stable_sort(inside, std::greater{}, [&](size_t i) { return room[i]; });
    for (const size_t i : inside)
      if (out.size() < most)
        out.push_back({trials[order[begin + i]], fronts[order[begin + i]], room[i]});
    begin = end;
  }
  return out;
}

std::optional<SpacePoint> propose(const ProposalInputs& in) {
  const Nsga2& o = in.options.as<Nsga2>();
  Random random = random_of(in);
  if (int64_t(in.history.size()) < o.population) return in.space.draw(random);
  const std::vector<Parent> parents = parents_of(in.history, size_t(o.population));
  if (parents.empty()) return in.space.draw(random);
  const auto better = [&] {
    const Parent& a = parents[random.below(uint32_t(parents.size()))];
    const Parent& b = parents[random.below(uint32_t(parents.size()))];
    const bool first = a.front != b.front ? a.front < b.front : a.room >= b.room;
    return (first ? a : b).trial;
  };
  const size_t first = better();
  const SpacePoint& a = in.history[first].point;
  in.made_from({first});
  if (random.uniform() >= o.crossover) return mutated(in.space, a, random);
  const size_t second = better();
  in.made_from({first, second});
  const SpacePoint child = crossed(in.space, a, in.history[second].point, random);
  // What was tried before changes in one place, else two equal parents would have no child.
  if (random.uniform() < o.mutation || !in.fresh(child)) return mutated(in.space, child, random);
  return child;
}
}  // namespace

extern const Method method_nsga2;
const Method method_nsga2 = {
    .name = "nsga2",
    .doc =
        "the front of several objectives, by fronts and the room in "
        "them",
    .paper = "Deb et al. 2002, IEEE TEC 6:182",
    .attrs = fields_of<Nsga2>,
    .propose = propose,
    .many_objectives = true,
    .draws = [](const Attrs& options) { return options.as<Nsga2>().population; }};
}  // namespace cambium::method_nsga2
