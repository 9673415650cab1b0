// Proxy: a number that is found without training and said to tell how well a model will train; one
// file in search/proxies/ defines one. What it tells is only ever reported beside what FLOPs tell.
#pragma once
#include <optional>
#include <string_view>

#include "search/answer/kendall.h"
#include "search/proxies/support/untrained.h"

namespace cambium {
struct Proxy {
  std::string_view name, doc, paper;
  std::string_view needs = {};  // what a model without has no score for
  // More is said to be better. None: it cannot be told of this model, or is not finite.
  std::optional<double> (*score)(const Untrained& model) = nullptr;
};

std::span<const Proxy* const> builtin_proxies();

// UserError at `mark` with the nearest names.
const Proxy& find_proxy(std::string_view name, const Mark& mark);

// Of one model, in the order of builtin_proxies().
std::vector<std::optional<double>> proxy_scores(const Experiment& e);

struct ProxyAgreement {
  const Proxy* proxy;
  std::optional<KendallTau> tau;   // with the results; none: fewer than two different of either
  int64_t models = 0, scored = 0;  // that have a result, and of them those that have a score too
};

// How far each proxy orders models as training did: scores[model] as proxy_scores says, results[
// model] with more being better, NaN for a model without. FLOPs first, then the proxies from the
// largest tau on. A model counts for a proxy where both are known.
std::vector<ProxyAgreement> proxy_agreement(
    std::span<const std::vector<std::optional<double>>> scores, std::span<const double> results,
    uint64_t seed = 0);
}  // namespace cambium
