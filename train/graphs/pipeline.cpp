#include "train/graphs/pipeline.h"

#include <algorithm>

#include "core/text/suggest.h"
#include "ops/passes/passes.h"
#include "ops/support/bf16.h"

namespace cambium {
namespace {
bool in_bf16(const Experiment& e) {
  return e.precision == DType::kBf16;
}

bool marks_blocks(const Experiment& e) {
  return !e.recompute.empty();
}

bool recomputes_cheap(const Experiment& e) {
  return e.train.options.recompute == "pointwise";
}

constexpr Stage kOwn[] = {
    {Stage::kGraph, "fuse_rope", "attention turns queries and keys itself", fuse_rope},
    {Stage::kGraph, "place_casts", "operands of products are rounded to bf16", place_casts,
     in_bf16},
    {Stage::kGraph, "store_narrow",
     "what only batch norm, casts and pointwise operators read is kept in bf16", store_narrow,
     in_bf16},
    {Stage::kGraph, "keep_blocked",
     "images lie in blocks of 16 channels between convolutions that work so", keep_blocked},
    {Stage::kStep, "recompute_blocks",
     "the backward pass computes again what blocks with recompute: true hold", nullptr,
     marks_blocks},
    {Stage::kStep, "recompute_cheap",
     "the backward pass computes again what pointwise operators give: recompute: pointwise",
     nullptr, recomputes_cheap},
    {Stage::kPlans, "narrow_copies",
     "the optimizer writes the bf16 copies of weights that products read", nullptr, in_bf16},
    {Stage::kPlans, "form_chains", "pointwise operators run as one loop", nullptr, nullptr, true}};

std::vector<Stage> whole_list() {
  std::vector<Stage> all;
  for (const Pass& p : training_pipeline()) all.push_back({Stage::kTidy, p.name, p.doc, p.run});
  all.insert(all.end(), std::begin(kOwn), std::end(kOwn));
  return all;
}

void require_bf16(const Experiment& e) {
  if (!in_bf16(e) || has_bf16_products()) return;
  throw RuntimeError("this machine has no bf16 products (oneDNN needs AVX-512 for them)",
                     "use precision: f32", e.spec.section("precision")->mark);
}

// Runs one stage, then whoever looks on.
Graph after(const Experiment& e, const Stage& s, const Graph& g, bool watched) {
  Graph next = s.run(g);
  verify(next);
  if (watched && e.passes.after) e.passes.after(s.name, next);
  return next;
}

Graph tidied(const Experiment& e, Graph g, bool watched) {
  for (const Stage& s : pipeline())
    if (s.kind == Stage::kTidy && runs_pass(e, s.name)) g = after(e, s, g, watched);
  return g;
}

// Of what is tidy.
Graph shaped(const Experiment& e, Graph g, bool watched) {
  require_bf16(e);
  for (const Stage& s : pipeline())
    if (s.kind == Stage::kGraph && runs_pass(e, s.name))
      g = tidied(e, after(e, s, g, watched), watched);
  return g;
}
}  // namespace

std::span<const Stage> pipeline() {
  static const std::vector<Stage> all = whole_list();
  return all;
}

bool runs_pass(const Experiment& e, std::string_view name) {
  const auto stage = std::ranges::find(pipeline(), name, &Stage::name);
  ensure(stage != pipeline().end(), "no pass ", name);
  return (!stage->wanted || stage->wanted(e)) && !e.passes.off.contains(name);
}

void check_passes(const PassChoice& choice, std::string_view watched) {
  std::vector<std::string> known, asked(choice.off.begin(), choice.off.end());
  for (const Stage& s : pipeline()) known.emplace_back(s.name);
  if (!watched.empty()) asked.emplace_back(watched);
  for (const std::string& name : asked)
    if (std::ranges::find(known, name) == known.end())
      throw UserError(str("there is no pass '", name, "'"), suggestion(name, known));
}

Graph optimised(const Experiment& e, Graph g, bool watched) {
  return shaped(e, tidied(e, std::move(g), watched), watched);
}

Graph optimised(const Experiment& e, const Step& step) {
  if (!e.passes.after && e.passes.off.empty()) return shaped(e, step.tidy.clone(), false);
  return optimised(e, step.training.clone(), true);
}
}  // namespace cambium
