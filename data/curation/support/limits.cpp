#include "data/curation/support/limits.h"

#include <limits>

#include "core/text/number.h"

namespace cambium {
namespace {
double end_from(const std::string& option, std::string_view text, std::string_view whole,
                double otherwise) {
  if (text.empty()) return otherwise;
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  if (const auto number = read_number(text)) {
    if (const auto* n = std::get_if<int64_t>(&number->variant()))
      return double(*n) / (percent ? 100 : 1);
    if (const auto* d = std::get_if<double>(&number->variant())) return *d / (percent ? 100 : 1);
  }
  throw OptionError(option, str("'", whole, "' is no range"),
                    "write least..most, and leave out the end that does not matter: 50..100000, "
                    "..0.1, 5%..95%");
}
}  // namespace

Limits limits_from(const std::string& option, const std::string& text) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const size_t dots = text.find("..");
  const std::string_view all = text;
  const bool is_range = dots != text.npos;
  const Limits l{end_from(option, is_range ? all.substr(0, dots) : "x", text, -kInfinite),
                 end_from(option, is_range ? all.substr(dots + 2) : "x", text, kInfinite)};
  if (l.least > l.most)
    throw OptionError(option, str("'", text, "' ends before it begins"),
                      str("write ", all.substr(dots + 2), "..", all.substr(0, dots)));
  return l;
}
}  // namespace cambium
