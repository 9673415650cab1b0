// How the numbers of an audit are written.
#include <cmath>

#include "viz/audit/audit_parts.h"
#include "viz/plot/text.h"
#include "viz/report/page.h"

namespace cambium {
std::string number_text(double v) {
  return grouped(std::llround(v));
}

std::string percent_text(double share) {
  if (share > 0 && share < 0.001) return "<0.1 %";
  if (share < 1 && share > 0.999) return ">99.9 %";
  const bool fine = (share > 0 && share < 0.1) || (share > 0.99 && share < 1);
  return str(fixed(100 * share, fine ? 1 : 0), " %");
}

std::string interval_text(double v, double low, double high, int digits) {
  if (!std::isfinite(v)) return "-";
  if (!std::isfinite(low)) return fixed(v, digits);
  return str(fixed(v, digits), " [", fixed(low, digits), ", ", fixed(high, digits), "]");
}

std::string folded_away(std::string_view summary, const std::string& body) {
  return body.empty() ? "" : str("<details>", html("summary", summary), body, "</details>");
}
}  // namespace cambium
