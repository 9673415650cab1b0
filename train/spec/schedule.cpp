#include "train/spec/schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cambium {
int64_t steps_of(std::string_view length, int64_t total) {
  const bool share = length.ends_with('%');
  const std::string_view digits = share ? length.substr(0, length.size() - 1) : length;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = share || value == std::floor(value);
  if (error != std::errc() || end != digits.data() + digits.size() || !(value >= 0) || !whole ||
      value > (share ? 100 : 1e15))
    throw UserError(str("'", length, "' is not a length"),
                    "write a number of steps such as 100, or a share of the run such as 5%");
  return share ? int64_t(std::llround(value / 100 * double(total))) : int64_t(value);
}

double warmup_factor(int64_t step, int64_t warmup) {
  return step < warmup ? double(step) / double(warmup) : 1.0;
}

double progress(int64_t step, int64_t begin, int64_t end) {
  if (step <= begin) return 0;
  return end <= begin ? 1 : std::min(1.0, double(step - begin) / double(end - begin));
}

double fallen(int64_t step, int64_t peak, int64_t total) {
  return progress(step, std::max<int64_t>(1, peak), total + 1);
}

namespace detail {
Args with_lengths_as_text(std::span<const Arg> args, std::span<const FieldInfo> fields,
                          Diagnostics* errors) {
  Args out;
  for (Arg arg : args) {
    const auto info = std::ranges::find(fields, arg.name, &FieldInfo::name);
    if (info == fields.end() || info->type != "text") {
      out.push_back(std::move(arg));
      continue;
    }
    arg.value = ArgValue(arg.value.text());
    try {
      steps_of(arg.value.text(), 1);
      out.push_back(std::move(arg));
    } catch (const UserError& e) {
      const UserError placed(str("'", arg.name, "': ", e.what()), e.help, arg.mark);
      if (!errors) throw placed;
      errors->add(placed);
    }
  }
  return out;
}
}  // namespace detail
}  // namespace cambium
