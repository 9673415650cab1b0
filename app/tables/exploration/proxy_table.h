// What proxies tell of trained models, as text.
#pragma once
#include <span>
#include <string>

#include "search/proxies/support/proxy.h"

namespace cambium {
// `result`: the name of what training gave.
std::string proxy_table(std::span<const ProxyAgreement> proxies, const std::string& result);
}  // namespace cambium
