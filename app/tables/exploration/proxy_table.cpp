#include "app/tables/exploration/proxy_table.h"

#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
// What it is, and of which models it cannot be told.
std::string doc_of(const ProxyAgreement& p) {
  std::string out(p.proxy->doc);
  if (p.scored == p.models) return out;
  out += p.scored == 0 ? str("; defined for none of the ", p.models)
                       : str("; defined for ", p.scored, " of ", p.models);
  return p.proxy->needs.empty() ? out : str(out, ": it needs ", p.proxy->needs);
}
}  // namespace

std::string proxy_table(std::span<const ProxyAgreement> proxies, const std::string& result) {
  Table table({1, 2});
  table.row({"proxy", "models", "tau", "95 % interval", "what it is"});
  for (const ProxyAgreement& p : proxies) {
    const bool interval = p.tau && p.tau->interval;
    table.row({std::string(p.proxy->name), p.tau ? str(p.tau->n) : "-",
               p.tau ? fixed(p.tau->tau, 2) : "-",
               interval
                   ? str(fixed(p.tau->interval->low, 2), " to ", fixed(p.tau->interval->high, 2))
                   : "-",
               doc_of(p)});
  }
  return str("\nproxies: how they rank the trained models as ", visible(result),
             " does (Kendall tau)\n", table.text());
}
}  // namespace cambium
