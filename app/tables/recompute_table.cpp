#include "app/tables/recompute_table.h"

#include "app/tables/table.h"
#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string name_of(const RecomputePart& p) {
  return p.path.empty() ? "train.recompute" : p.path;
}

std::string places_of(const RecomputePart& p) {
  return p.places > 1 ? str(" x", p.places) : "";
}

std::string bytes_of(int64_t freed) {
  return freed < 0 ? str("-", memory_text(double(-freed))) : memory_text(double(freed));
}

std::string flops_of(double flops) {
  return flops < 0 ? str("-", flops_text(-flops)) : flops_text(flops);
}
}  // namespace

std::string to_text(const RecomputePrice& price) {
  Table table({1, 2, 3});
  table.row({"recompute", "not kept", "extra a step", "% of step"});
  for (const RecomputePart& p : price.parts)
    table.row({name_of(p) + places_of(p), bytes_of(p.freed_bytes), flops_of(p.extra_flops),
               fixed(100 * p.extra_flops / price.step_flops, 1)});
  std::string kept;
  if (price.kept_segments > 0)
    kept = str("kept after all, for it takes no memory: the last ", price.kept_segments, " of ",
               price.segments, " segments\n");
  return str(table.text(), kept, "arena of a step: ", memory_text(double(price.arena_before)),
             " -> ", memory_text(double(price.arena_after)), "\n");
}

Json to_json(const RecomputePrice& price) {
  Json parts = Json::array();
  for (const RecomputePart& p : price.parts)
    parts.push_back({{"path", name_of(p)},
                     {"places", p.places},
                     {"freed_bytes", p.freed_bytes},
                     {"extra_flops", p.extra_flops}});
  return {{"parts", parts},
          {"step_flops", price.step_flops},
          {"extra_flops", price.extra_flops()},
          {"segments", price.segments},
          {"kept_segments", price.kept_segments},
          {"arena_before", price.arena_before},
          {"arena_after", price.arena_after}};
}
}  // namespace cambium
