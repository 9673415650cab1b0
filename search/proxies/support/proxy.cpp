#include "search/proxies/support/proxy.h"

#include <algorithm>
#include <cmath>

#include "core/text/suggest.h"

namespace cambium {
const Proxy& find_proxy(std::string_view name, const Mark& mark) {
  std::vector<std::string> known;
  for (const Proxy* p : builtin_proxies()) {
    if (p->name == name) return *p;
    known.emplace_back(p->name);
  }
  throw UserError(str("unknown proxy '", name, "'"), suggestion(name, known), mark);
}

std::vector<std::optional<double>> proxy_scores(const Experiment& e) {
  const Untrained model(e);
  std::vector<std::optional<double>> out;
  for (const Proxy* p : builtin_proxies()) {
    const std::optional<double> score = p->score(model);
    out.push_back(score && std::isfinite(*score) ? score : std::nullopt);
  }
  return out;
}

std::vector<ProxyAgreement> proxy_agreement(
    std::span<const std::vector<std::optional<double>>> scores, std::span<const double> results,
    uint64_t seed) {
  ensure(scores.size() == results.size(), scores.size(), " models and ", results.size(),
         " results");
  std::vector<ProxyAgreement> out;
  for (size_t p = 0; p < builtin_proxies().size(); ++p) {
    std::vector<double> told, found;
    int64_t models = 0;
    for (size_t i = 0; i < results.size(); ++i) {
      models += !std::isnan(results[i]);
      if (!scores[i][p] || std::isnan(results[i])) continue;
      told.push_back(*scores[i][p]);
      found.push_back(results[i]);
    }
    out.push_back({builtin_proxies()[p], kendall_tau_interval(told, found, seed), models,
                   int64_t(told.size())});
  }
  std::ranges::stable_sort(out, {}, [](const ProxyAgreement& a) {
    return std::pair(a.proxy->name != "flops", a.tau ? -a.tau->tau : 2);
  });
  return out;
}
}  // namespace cambium
