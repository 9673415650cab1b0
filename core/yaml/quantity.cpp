// Numbers with a unit, as studies write them.
#include "core/yaml/quantity.h"

#include <charconv>

namespace cambium {
double quantity(const Yaml& value, const Vars& vars, std::string_view what) {
  const ArgValue v = evaluate(value, vars);
  if (const auto* n = std::get_if<int64_t>(&v.variant())) return double(*n);
  if (const auto* d = std::get_if<double>(&v.variant())) return *d;
  const auto* text = std::get_if<std::string>(&v.variant());
  constexpr std::string_view units = "kMGT";
  if (text && !text->empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const size_t unit = units.find(text->back());
    if (error == std::errc() && end == text->data() + text->size() - 1 && unit != units.npos) {
      for (size_t k = 0; k <= unit; ++k) number *= 1000;
      return number;
    }
  }
  throw UserError(str("'", what, "' takes a number, got ", v), "write 500000, 5e5 or 500k",
                  value.mark);
}

double read_share(const Yaml& yaml, const Vars& vars, std::string_view what) {
  const bool percent = yaml.is_scalar() && yaml.text.ends_with('%');
  Yaml number = yaml;
  if (percent) number.text.pop_back();
  return quantity(number, vars, what) / (percent ? 100 : 1);
}

}  // namespace cambium
