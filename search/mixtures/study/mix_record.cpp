#include "search/mixtures/study/mix_record.h"

#include <cmath>

#include "core/system/files.h"
#include "core/text/csv.h"
#include "core/text/fmt.h"

namespace cambium {
namespace {
Json known(double v) {
  return std::isfinite(v) ? Json(v) : Json();
}

Json ends(const Interval& i) {
  return Json::array({known(i.low), known(i.high)});
}

Json ends(const std::vector<Interval>& all) {
  Json out = Json::array();
  for (const Interval& i : all) out.push_back(ends(i));
  return out;
}

double number_at(const Json& list, size_t i) {
  return list.size() > i && list[i].is_number() ? list[i].get<double>() : kUnknown;
}

Interval interval_at(const Json& json) {
  return {number_at(json, 0), number_at(json, 1)};
}

Interval interval_in(const JsonItem& j, const char* key) {
  const Json* found = j.find(key);
  return found && found->is_array() ? interval_at(*found) : Interval{kUnknown, kUnknown};
}

// As many as there are sources, or none.
std::vector<Interval> intervals_in(const JsonItem& j, const char* key, size_t sources) {
  std::vector<Interval> out;
  if (const Json* found = j.find(key); found && found->is_array())
    for (const Json& i : *found)
      out.push_back(i.is_array() ? interval_at(i) : Interval{kUnknown, kUnknown});
  require(out.empty() || out.size() == sources, j.where(), ": '", key, "' is no list of ", sources,
          " intervals");
  return out;
}

Shares shares_in(const JsonItem& j, const char* key, size_t sources) {
  const Json* found = j.find(key);
  if (!found) return {};
  require(found->is_array() && (found->empty() || found->size() == sources), j.where(), ": '", key,
          "' is no list of ", sources, " shares");
  Shares out;
  for (size_t s = 0; s < found->size(); ++s) out.push_back(number_at(*found, s));
  return out;
}

Json variant_json(const VariantMixture& v) {
  Json forms = Json::array();
  for (const RecordedForm& f : v.forms)
    forms.push_back({{"name", f.name},
                     {"why_not", f.why_not},
                     {"error", known(f.error)},
                     {"spearman", known(f.spearman)}});
  return {{"variant", v.variant},
          {"trouble", v.trouble},
          {"runs", v.runs},
          {"forms", forms},
          {"form", v.form},
          {"constant_error", known(v.constant_error)},
          {"noise", known(v.noise)},
          {"best", v.best},
          {"best_interval", ends(v.best_interval)},
          {"foretold", known(v.foretold)},
          {"natural_above", known(v.natural_above)},
          {"natural_interval", ends(v.natural_interval)},
          {"uniform_above", known(v.uniform_above)},
          {"uniform_interval", ends(v.uniform_interval)}};
}

VariantMixture variant_from(const JsonItem& j, size_t sources) {
  VariantMixture v{.variant = j.needed_text("variant"), .trouble = j.text("trouble")};
  v.runs = j.whole("runs");
  for (const JsonItem& f : j.items("forms"))
    v.forms.push_back(
        {f.needed_text("name"), f.text("why_not"), f.number("error"), f.number("spearman")});
  v.form = j.text("form");
  v.constant_error = j.number("constant_error");
  v.noise = j.number("noise");
  v.best = shares_in(j, "best", sources);
  v.best_interval = intervals_in(j, "best_interval", sources);
  v.foretold = j.number("foretold");
  v.natural_above = j.number("natural_above");
  v.natural_interval = interval_in(j, "natural_interval");
  v.uniform_above = j.number("uniform_above");
  v.uniform_interval = interval_in(j, "uniform_interval");
  return v;
}

Json pair_json(const MixturePair& p) {
  return {{"a", p.a},
          {"b", p.b},
          {"mixtures", p.mixtures},
          {"spearman", known(p.spearman)},
          {"interval", ends(p.interval)},
          {"single", known(p.single)},
          {"repeat", known(p.repeat)},
          {"difference", p.difference},
          {"differences", ends(p.differences)},
          {"differ", p.differ}};
}

MixturePair pair_from(const JsonItem& j, size_t sources) {
  return {.a = j.needed_text("a"),
          .b = j.needed_text("b"),
          .mixtures = j.whole("mixtures"),
          .spearman = j.number("spearman"),
          .interval = interval_in(j, "interval"),
          .single = j.number("single"),
          .repeat = j.number("repeat"),
          .difference = shares_in(j, "difference", sources),
          .differences = intervals_in(j, "differences", sources),
          .differ = j.yes("differ")};
}

Json check_json(const CheckedMixture& c) {
  Json losses = Json::array();
  for (const auto& [seed, loss] : c.losses) losses.push_back({{"seed", seed}, {"target", loss}});
  return {{"variant", c.variant}, {"mixture", c.mixture}, {"shares", c.shares}, {"runs", losses}};
}

CheckedMixture check_from(const JsonItem& j, size_t sources) {
  CheckedMixture c{.variant = j.needed_text("variant"),
                   .mixture = j.needed_text("mixture"),
                   .shares = shares_in(j, "shares", sources),
                   .losses = {}};
  for (const JsonItem& run : j.items("runs"))
    c.losses.emplace_back(run.whole("seed"), run.number("target"));
  return c;
}
}  // namespace

Json to_json(const MixRecord& r) {
  Json j = {{"name", r.name},       {"spec", r.spec},     {"command", r.command},
            {"machine", r.machine}, {"target", r.target}, {"drawn", r.drawn},
            {"waiting", r.waiting}, {"failed", r.failed}};
  for (const char* key : {"sources", "variants", "pairs", "checks", "check_pairs", "runs"})
    j[key] = Json::array();
  for (const RecordedSource& s : r.sources)
    j["sources"].push_back(
        {{"name", s.name}, {"symbols", s.symbols}, {"natural", known(s.natural)}});
  for (const VariantMixture& v : r.variants) j["variants"].push_back(variant_json(v));
  for (const MixturePair& p : r.pairs) j["pairs"].push_back(pair_json(p));
  for (const CheckedMixture& c : r.checks) j["checks"].push_back(check_json(c));
  for (const CheckedPair& p : r.check_pairs)
    j["check_pairs"].push_back({{"variant", p.variant},
                                {"a", p.a},
                                {"b", p.b},
                                {"n", p.n},
                                {"mean", known(p.mean)},
                                {"interval", ends(p.interval)}});
  for (const RecordedMixRun& run : r.runs)
    j["runs"].push_back({{"variant", run.variant},
                         {"seed", run.seed},
                         {"shares", run.shares},
                         {"target", known(run.target)},
                         {"folder", run.folder}});
  return j;
}

MixRecord mix_record_from(const Json& json, const std::string& where) {
  const JsonItem j(json, where);
  MixRecord r{.name = j.needed_text("name"),
              .spec = j.text("spec"),
              .command = j.text("command"),
              .machine = j.text("machine"),
              .target = j.text("target"),
              .drawn = j.whole("drawn"),
              .failed = j.texts("failed"),
              .waiting = j.whole("waiting")};
  for (const JsonItem& s : j.items("sources"))
    r.sources.push_back({s.needed_text("name"), s.whole("symbols"), s.number("natural")});
  const size_t n = r.sources.size();
  for (const JsonItem& v : j.items("variants")) r.variants.push_back(variant_from(v, n));
  for (const JsonItem& p : j.items("pairs")) r.pairs.push_back(pair_from(p, n));
  for (const JsonItem& c : j.items("checks")) r.checks.push_back(check_from(c, n));
  for (const JsonItem& p : j.items("check_pairs"))
    r.check_pairs.push_back({p.needed_text("variant"), p.needed_text("a"), p.needed_text("b"),
                             p.whole("n"), p.number("mean"), interval_in(p, "interval")});
  for (const JsonItem& run : j.items("runs"))
    r.runs.push_back({run.needed_text("variant"), run.text("folder"), run.whole("seed"),
                      shares_in(run, "shares", n), run.number("target")});
  for (const VariantMixture& v : r.variants)
    require(v.best_interval.empty() || !v.best.empty(), where, ": '", v.variant,
            "' has intervals of no best mixture");
  for (const MixturePair& p : r.pairs)
    require(p.differences.empty() || !p.difference.empty(), where, ": '", p.a, "' and '", p.b,
            "' have intervals of no difference");
  for (const RecordedMixRun& run : r.runs)
    require(run.shares.size() == n, where, ": '", run.folder, "' has no shares");
  return r;
}

bool is_mix_folder(const std::string& folder) {
  return file_exists(str(folder, "/", kMixFile));
}

MixRecord read_mix_folder(const std::string& folder) {
  const std::string path = str(folder, "/", kMixFile);
  if (!file_exists(path))
    throw UserError(str("'", folder, "' holds no study of mixtures: there is no ", kMixFile),
                    "give the folder that `cambium mix` wrote");
  return mix_record_from(load_json(path), path);
}

std::string mix_csv(const MixRecord& r) {
  std::string out = "run,variant,seed";
  for (const RecordedSource& s : r.sources) out += "," + csv_cell(s.name);
  out += ",target\n";
  for (const RecordedMixRun& run : r.runs) {
    out += str(csv_cell(run.folder), ",", csv_cell(run.variant), ",", run.seed);
    for (const double share : run.shares) out += fmt::format(",{:g}", share);
    out += fmt::format(",{:.17g}\n", run.target);
  }
  return out;
}
}  // namespace cambium
