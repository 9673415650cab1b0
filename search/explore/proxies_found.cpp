#include "search/explore/proxies_found.h"

#include <cmath>

#include "core/text/json.h"
#include "search/study/study_plan.h"

namespace cambium {
namespace {
// A proxy that says nothing of one task says nothing.
std::vector<std::optional<double>> mean_over_tasks(
    const std::vector<std::vector<std::optional<double>>>& on_tasks) {
  std::vector<std::optional<double>> out = on_tasks.front();
  for (size_t p = 0; p < out.size(); ++p) {
    double sum = 0;
    for (const auto& scores : on_tasks) sum += scores[p].value_or(NAN);
    out[p] = sum / double(on_tasks.size());
    if (std::isnan(sum)) out[p].reset();
  }
  return out;
}
}  // namespace

std::vector<ProxyAgreement> proxies_found(ModelSpace& models, const Findings& findings) {
  DataCache data;
  std::vector<std::vector<std::optional<double>>> scores;
  std::vector<double> results;
  for (const FoundTrial& t : findings.trials) {
    if (!t.whole || t.refused || t.outcome.failed) continue;
    std::vector<std::vector<std::optional<double>>> on_tasks;
    for (const PlannedVariant& v : models.plan(str("trial-", t.number), t.point, false))
      on_tasks.push_back(proxy_scores(data.open(run_spec(models.study(), v, kSearchSeed))));
    scores.push_back(mean_over_tasks(on_tasks));
    results.push_back(-t.outcome.losses[0]);
  }
  return proxy_agreement(scores, results);
}

Json proxies_json(std::span<const ProxyAgreement> proxies) {
  Json out = Json::array();
  for (const ProxyAgreement& p : proxies) {
    Json row = {
        {"proxy", p.proxy->name}, {"tau", nullptr}, {"interval", nullptr}, {"scored", p.scored}};
    if (p.tau) {
      row["models"] = p.tau->n;
      row["tau"] = p.tau->tau;
      if (p.tau->interval) row["interval"] = {p.tau->interval->low, p.tau->interval->high};
    }
    out.push_back(std::move(row));
  }
  return out;
}
}  // namespace cambium
