// What proxies tell of the models that a search has trained.
#pragma once
#include "search/explore/exploration.h"
#include "search/proxies/support/proxy.h"

namespace cambium {
// Of the trials that were trained whole and have a result: how far each proxy, of several tasks its
// mean over them, ranks them as their first objective does. Every model is built once more,
// untrained.
std::vector<ProxyAgreement> proxies_found(ModelSpace& models, const Findings& findings);

// [{"proxy": "flops", "models": 12, "scored": 12, "tau": .6, "interval": [.2, .8]}]; null: not
// known; scored: models with a result of which the proxy can be told.
Json proxies_json(std::span<const ProxyAgreement> proxies);
}  // namespace cambium
