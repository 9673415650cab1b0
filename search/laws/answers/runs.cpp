#include "search/laws/answers/runs.h"

#include <algorithm>
#include <cmath>

#include "core/text/fmt.h"
#include "search/laws/fit/identify.h"

namespace cambium {
namespace {
constexpr std::array kSizes = {kParams, kTokens, kFlops};

LawRun run_of(const Law& law, const ScalingPoint& p) {
  LawRun run;
  for (Quantity q : kSizes) run.at.set(q, p.at.x[q]);
  for (Quantity q : law.needs) run.at.set(q, p.at.x[q]);
  run.log_answer = std::log(law.answers == "error" ? p.error : p.at.x[kLoss]);
  return run;
}

// Equal in what is known of sizes; where nothing is, in the loss.
bool same_configuration(const ScalingPoint& a, const ScalingPoint& b) {
  bool known = false;
  for (Quantity q : kSizes) {
    if (!std::isfinite(a.at.x[q])) continue;
    known = true;
    if (a.at.x[q] != b.at.x[q]) return false;
  }
  return known || a.at.x[kLoss] == b.at.x[kLoss];
}

// Above all others of the group.
const ScalingPoint* largest_of(const PointTable& t, const Law& law, const std::string& group) {
  const Quantity size = law.needs.front();
  const ScalingPoint* largest = nullptr;
  for (const ScalingPoint& p : t.points) {
    if (p.group != group) continue;
    const bool above = !largest || (size == kLoss ? p.at.x[size] < largest->at.x[size]
                                                  : p.at.x[size] > largest->at.x[size]);
    if (above) largest = &p;
  }
  return largest;
}

std::string ignored_sentence(const PointTable& t, const Law& law, const std::vector<LawRun>& runs,
                             Quantity q) {
  double least = HUGE_VAL, most = 0;
  for (const LawRun& r : runs) {
    least = std::min(least, r.at.x[q]);
    most = std::max(most, r.at.x[q]);
  }
  if (!(most > least)) return "";  // constant, or not known
  const Quantity x = law.needs.front();
  if (const std::optional<PowerLine> line = line_through(runs, x, q))
    return str(quantity_name(q), " vary with ", quantity_name(x), " (", line->text(),
               "): the law is that of both along this line, not of ", quantity_name(x), " alone");
  std::string out = fmt::format(
      "{} vary too ({:.4g} to {:.4g}) and law '{}' ignores them: what they change counts as noise "
      "or as the work of {}",
      quantity_name(q), least, most, law.name, quantity_name(x));
  const PointRole role = q == kParams ? PointRole::kParams : PointRole::kTokens;
  if (t.has(role)) out += str("; keep one value: --where '", t.columns[size_t(role)], "=VALUE'");
  return out + (std::isfinite(runs[0].at.x[kParams] + runs[0].at.x[kTokens])
                    ? str(t.has(role) ? ", or" : ";", " take --law chinchilla")
                    : "");
}

std::string ignored_by(const PointTable& t, const Law& law, const std::vector<LawRun>& runs) {
  std::string out;
  if (law.needs.front() == kLoss || runs.empty()) return out;
  for (Quantity q : {kParams, kTokens})
    if (!std::ranges::count(law.needs, q) && out.empty()) out = ignored_sentence(t, law, runs, q);
  return out;
}

void divide_flops(const PointTable& t, const std::string& group, GroupRuns& out) {
  std::vector<double> ratios;
  for (const ScalingPoint& p : t.points)
    if (const double r = p.at.x[kFlops] / p.at.x[kParams] / p.at.x[kTokens];
        p.group == group && std::isfinite(r))
      ratios.push_back(r);
  if (ratios.empty()) return;
  std::ranges::sort(ratios);
  out.flops_per_nd = ratios[ratios.size() / 2];
  out.flops_contradict = ratios.back() > kMostUneven * ratios.front();
}
}  // namespace

GroupRuns runs_of_group(const PointTable& t, const Law& law, const std::string& group,
                        bool hold_out_largest) {
  GroupRuns out;
  const Quantity size = law.needs.front();
  const ScalingPoint* largest = hold_out_largest ? largest_of(t, law, group) : nullptr;
  for (const ScalingPoint& p : t.points) {
    if (p.group != group) continue;
    const bool held = largest && (size == kLoss ? same_configuration(*largest, p)
                                                : p.at.x[size] == largest->at.x[size]);
    (held ? out.held : out.runs).push_back(run_of(law, p));
    if (!held) out.counts.push_back(p.counts);
    if (p.unique > 0) out.most_passes = std::max(out.most_passes, p.at.x[kTokens] / p.unique);
    if (p.at.x[kFlops] > out.most_flops) out.most_flops = p.at.x[kFlops];
  }
  divide_flops(t, group, out);
  out.ignored = ignored_by(t, law, out.runs);
  return out;
}
}  // namespace cambium
