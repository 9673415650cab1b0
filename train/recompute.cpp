#include "train/recompute.h"

#include <algorithm>
#include <tuple>

#include "graph/cost.h"
#include "graph/plan.h"
#include "ops/support/cheap.h"
#include "ops/support/dnnl.h"
#include "train/step_graph.h"

namespace cambium {
namespace {
Graph finished(Graph g) {
  g = drop_dead(g);  // originals that only the backward pass read
  verify(g);
  return g;
}

Graph with_blocks(const Graph& step, std::span<const RecomputeMark> marks) {
  return finished(recompute_blocks(step, marks));
}

Graph with_pointwise(const Graph& step) {
  return finished(recompute_cheap(step, is_cheap));
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
  if (!recomputes(e)) return step;
  if (!e.recompute.empty()) step = with_blocks(step, e.recompute);
  if (e.train.options.recompute == "pointwise") step = with_pointwise(step);
  return step;
}

double RecomputePrice::extra_flops() const {
  double sum = 0;
  for (const RecomputePart& p : parts) sum += p.extra_flops;
  return sum;
}

std::optional<RecomputePrice> recompute_price(const Experiment& e) {
  if (!recomputes(e)) return std::nullopt;
  const Graph plain = optimised(e, training_graph(e));
  RecomputePrice price{.step_flops = step_cost(e).flops_per_step};
  Graph now = plain.clone();
  const auto add = [&](std::string path, int places, Graph next) {
    const double flops = total_cost(next).flops() - total_cost(now).flops();
    price.parts.push_back({std::move(path), places, kept_bytes(now) - kept_bytes(next),
                           flops * double(e.train.options.accumulate)});
    now = std::move(next);
  };
  std::vector<RecomputeMark> marks;
  for (const std::vector<RecomputeMark>& entry : by_entry(e.recompute)) {
    marks.insert(marks.end(), entry.begin(), entry.end());
    add(entry[0].path, int(entry.size()), with_blocks(plain, marks));
  }
  if (e.train.options.recompute == "pointwise") add("", 1, with_pointwise(now));
  price.arena_before = arena_bytes(plain.clone());
  price.arena_after = arena_bytes(std::move(now));
  return price;
}
}  // namespace cambium
