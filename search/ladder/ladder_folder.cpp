#include "search/ladder/ladder_folder.h"

#include <map>

#include "core/hash.h"
#include "core/system/files.h"
#include "train/run/machine.h"

namespace cambium {
namespace {
Json to_json(const LadderRecord& r) {
  Json rungs = Json::array(), points = Json::array(), runs = Json::array();
  for (const RecordedRung& g : r.rungs) {
    Json j = {{"variant", g.variant}, {"size", g.size}, {"target", g.target}, {"chosen", g.chosen}};
    for (const CountConvention& c : count_conventions())
      j[std::string(c.column)] = g.params.*c.count;
    rungs.push_back(std::move(j));
  }
  for (const RecordedPoint& p : r.points)
    points.push_back({{"rung", p.rung},
                      {"length", p.length},
                      {"tokens", p.tokens},
                      {"steps", p.steps},
                      {"flops", p.flops},
                      {"spec_hash", p.spec_hash}});
  for (const RecordedRun& run : r.runs)
    runs.push_back({{"point", run.point}, {"seed", run.seed}, {"folder", run.folder}});
  return {{"name", r.name},
          {"spec", r.spec},
          {"command", r.command},
          {"machine", r.machine},
          {"length", r.length},
          {"hold_out_largest", r.hold_out_largest},
          {"unique_tokens", r.unique_tokens},
          {"flops", r.flops},
          {"evaluation_flops", r.evaluation_flops},
          {"rungs", rungs},
          {"points", points},
          {"runs", runs}};
}

// A place in a list of the same file.
size_t place(const JsonItem& item, const char* key, size_t size) {
  const int64_t i = item.whole(key, -1);
  require(i >= 0 && size_t(i) < size, item.where(), ": '", key, "' is ", i, ", and there are ",
          size);
  return size_t(i);
}

LadderRecord record_from(const JsonItem& j) {
  LadderRecord r{.name = j.needed_text("name"),
                 .spec = j.text("spec"),
                 .command = j.text("command"),
                 .machine = j.text("machine"),
                 .length = j.text("length"),
                 .hold_out_largest = j.yes("hold_out_largest"),
                 .unique_tokens = j.whole("unique_tokens"),
                 .flops = j.number("flops", 0),
                 .evaluation_flops = j.number("evaluation_flops", 0)};
  for (const JsonItem& g : j.items("rungs")) {
    RecordedRung rung{.variant = g.needed_text("variant"),
                      .chosen = g.text("chosen"),
                      .size = g.whole("size"),
                      .target = g.number("target", 0)};
    for (const CountConvention& c : count_conventions())
      rung.params.*c.count = g.whole(std::string(c.column).c_str());
    r.rungs.push_back(std::move(rung));
  }
  for (const JsonItem& p : j.items("points"))
    r.points.push_back({place(p, "rung", r.rungs.size()), p.number("length", 0),
                        p.number("tokens", 0), p.number("flops", 0), p.whole("steps"),
                        p.text("spec_hash")});
  for (const JsonItem& run : j.items("runs"))
    r.runs.push_back(
        {place(run, "point", r.points.size()), run.whole("seed"), run.needed_text("folder")});
  return r;
}
}  // namespace

LadderRecord record_of(const LadderPlan& plan, const std::string& command) {
  LadderRecord r{.name = plan.study.name,
                 .spec = plan.study.file,
                 .command = command,
                 .machine = machine_text(),
                 .length = std::string(name_of(plan.study.scale->length)),
                 .hold_out_largest = plan.study.scale->hold_out_largest,
                 .unique_tokens = plan.unique_tokens,
                 .flops = plan.flops(),
                 .evaluation_flops = plan.evaluation_flops()};
  for (const LadderRung& g : plan.rungs)
    r.rungs.push_back({g.variant, g.chosen, g.size, g.target, g.params});
  for (const LadderPoint& p : plan.points)
    r.points.push_back({p.rung, p.length, p.tokens, p.flops(), p.planned.steps,
                        hash_name(spec_hash(p.planned.spec))});
  for (const LadderRun& run : plan.runs) r.runs.push_back({run.point, run.seed, run.folder});
  return r;
}

void write_ladder(const std::string& folder, const LadderRecord& record) {
  replace_file(folder + "/ladder.json", to_text(to_json(record), 2) + "\n");
}

std::optional<LadderRecord> read_ladder(const std::string& folder) {
  const std::string path = folder + "/ladder.json";
  if (!file_exists(path)) return std::nullopt;
  return record_from(JsonItem(load_json(path), path));
}

void check_same_ladder(const std::string& folder, const LadderRecord& now) {
  const std::optional<LadderRecord> before = read_ladder(folder);
  if (!before) return;
  std::map<std::string, std::string> hashes;
  for (const RecordedRun& run : before->runs)
    hashes[run.folder] = before->points[run.point].spec_hash;
  for (const RecordedRun& run : now.runs) {
    const auto known = hashes.find(run.folder);
    if (known == hashes.end() || known->second == now.points[run.point].spec_hash) continue;
    throw UserError(
        str("'", folder, "' holds a ladder whose ", run.folder,
            " was planned otherwise: its spec, or what follows its size, changed since"),
        "choose another folder with -o, or remove this one");
  }
}
}  // namespace cambium
