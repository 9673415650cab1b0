#include "train/graphs/recompute_plan.h"

#include <algorithm>
#include <tuple>

#include "graph/cost.h"
#include "graph/run/buffers.h"
#include "ops/support/dnnl.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/step_graph.h"

namespace cambium {
namespace {
Graph finished(Graph g) {
  g = drop_dead(g);  // originals that only the backward pass read
  verify(g);
  return g;
}

// `marks` and, if the spec says so, the cheap values of the whole step.
Graph with(const Experiment& e, const Graph& step, std::span<const RecomputeMark> marks) {
  Graph g = marks.empty() ? step.clone() : finished(recompute_blocks(step, marks));
  if (runs_pass(e, "recompute_cheap")) g = finished(recompute_cheap(g));
  return g;
}

// The backward pass begins with the last segments, when the gradients of the parameters do not
// take memory yet: as many of them are kept as fit below the peak of the others. Answers the marks
// that keep them.
std::vector<RecomputeMark> kept_for_nothing(const Experiment& e, const Graph& step) {
  const std::vector<std::string> segments = recomputed_segments(step, e.recompute);
  const auto keeping = [&](size_t last) {
    std::vector<RecomputeMark> off;
    for (size_t k = segments.size() - last; k < segments.size(); ++k)
      off.push_back({.path = segments[k], .on = false});
    return off;
  };
  const auto lives = [&](size_t last) {
    std::vector<RecomputeMark> marks = e.recompute;
    for (RecomputeMark& m : keeping(last)) marks.push_back(std::move(m));
    return arena_lives(with(e, step, marks));
  };
  const int64_t most = lower_bound_of(lives(0));
  size_t fits = 0, too_many = segments.size() + 1;
  for (size_t next = 1; fits + 1 < too_many;) {
    (lower_bound_of(lives(next)) <= most ? fits : too_many) = next;
    next = too_many > segments.size() ? std::min(2 * fits, segments.size()) : (fits + too_many) / 2;
    if (next == fits) break;
  }
  if (fits > 0 && place(lives(fits)).bytes > place(lives(0)).bytes) fits = 0;
  return keeping(fits);
}

// The marks that one entry of the spec made, entries in the order of their first place.
std::vector<std::vector<RecomputeMark>> by_entry(std::span<const RecomputeMark> marks) {
  std::vector<std::vector<RecomputeMark>> entries;
  for (const RecomputeMark& m : marks) {
    const auto same = std::ranges::find_if(entries, [&](const auto& of) {
      const Mark& other = of[0].mark;
      return std::tie(m.mark.file, m.mark.line, m.mark.column) ==
             std::tie(other.file, other.line, other.column);
    });
    if (same == entries.end())
      entries.push_back({m});
    else
      same->push_back(m);
  }
  return entries;
}

int64_t arena_bytes(Graph g) {
  Engine engine;
  return compile(std::move(g), engine).memory.arena_bytes;
}
}  // namespace

Graph recomputed(const Experiment& e, Graph step) {
  std::vector<RecomputeMark> marks;
  if (runs_pass(e, "recompute_blocks")) {
    marks = e.recompute;
    for (RecomputeMark& m : kept_for_nothing(e, step)) marks.push_back(std::move(m));
    if (e.passes.after) e.passes.after("recompute_blocks", finished(recompute_blocks(step, marks)));
  } else if (!runs_pass(e, "recompute_cheap")) {
    return step;
  }
  Graph g = with(e, step, marks);
  if (e.passes.after && runs_pass(e, "recompute_cheap")) e.passes.after("recompute_cheap", g);
  return g;
}

double RecomputePrice::extra_flops() const {
  double sum = 0;
  for (const RecomputePart& p : parts) sum += p.extra_flops;
  return sum;
}

std::optional<RecomputePrice> recompute_price(const Experiment& e) {
  if (!recomputes(e)) return std::nullopt;
  const Step& step = step_of(e);
  const Graph plain = optimised(e, step);
  const std::vector<RecomputeMark> kept = kept_for_nothing(e, plain);
  RecomputePrice price{.step_flops = step.cost.flops_per_step,
                       .segments = int(recomputed_segments(plain, e.recompute).size()),
                       .kept_segments = int(kept.size())};
  Graph now = plain.clone();
  const auto add = [&](std::string path, int places, Graph next) {
    const double flops = total_cost(next).flops() - total_cost(now).flops();
    price.parts.push_back({std::move(path), places, kept_bytes(now) - kept_bytes(next),
                           flops * double(e.train.options.accumulate)});
    now = std::move(next);
  };
  std::vector<RecomputeMark> marks = kept;
  for (const std::vector<RecomputeMark>& entry : by_entry(e.recompute)) {
    marks.insert(marks.end() - long(kept.size()), entry.begin(), entry.end());
    add(entry[0].path, int(entry.size()), finished(recompute_blocks(plain, marks)));
  }
  if (e.train.options.recompute == "pointwise") add("", 1, finished(recompute_cheap(now)));
  price.arena_before = arena_bytes(plain.clone());
  price.arena_after = arena_bytes(std::move(now));
  return price;
}
}  // namespace cambium
