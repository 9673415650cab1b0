#include "data/audit/slicing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <numeric>
#include <optional>

#include "core/text/suggest.h"

namespace cambium {
namespace {
constexpr std::array<int64_t, 4> kLengthEnds = {32, 128, 512, 2048};
constexpr std::array<std::string_view, 5> kLengthNames = {
    "under 32 words", "32 to 127", "128 to 511", "512 to 2047", "2048 and more"};
constexpr std::string_view kBuiltIn[] = {"source", "split", "language", "length"};

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Numbers by their value, before all else by its letters.
bool value_before(const std::string& a, const std::string& b) {
  const auto x = number_of(a), y = number_of(b);
  if (x && y && *x != *y) return *x < *y;
  if (bool(x) != bool(y)) return bool(x);
  return a < b;
}

// Slices from values by index; those that no document has are left out, the rarest joined. The
// last `no_values` names are none, and come last.
AuditSlicing parted(std::string key, const std::vector<std::string>& names, size_t documents,
                    const std::function<size_t(size_t)>& value_of, bool in_order,
                    size_t no_values = 0) {
  std::vector<int64_t> counts(names.size());
  for (size_t i = 0; i < documents; ++i) ++counts[value_of(i)];
  std::vector<size_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](size_t v) { return counts[v] == 0; });
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : names[a] < names[b];
  });
  const auto is_none = [&](size_t v) { return v + no_values >= names.size(); };
  const bool others = order.size() > kMostSlices;
  const size_t kept = others ? kMostSlices - 1 : order.size();
  std::vector<size_t> rest(order.begin() + long(kept), order.end());
  order.resize(kept);
  if (in_order) std::ranges::sort(order);
  const bool numbers = !in_order && std::ranges::all_of(order, [&](size_t v) {
    return is_none(v) || number_of(names[v]).has_value();
  });
  if (numbers)
    std::ranges::sort(order, [&](size_t a, size_t b) { return value_before(names[a], names[b]); });
  std::ranges::stable_partition(order, [&](size_t v) { return !is_none(v); });
  AuditSlicing out{.key = std::move(key), .ordered = in_order || numbers};
  std::vector<uint16_t> slice_of(names.size());
  for (const size_t v : order) {
    slice_of[v] = uint16_t(out.values.size());
    out.values.push_back(names[v]);
  }
  if (others) out.values.push_back(str("(", rest.size(), " others)"));
  for (const size_t v : rest) slice_of[v] = uint16_t(kept);
  out.of.reserve(documents);
  for (size_t i = 0; i < documents; ++i) out.of.push_back(slice_of[value_of(i)]);
  return out;
}

AuditSlicing by_meta(const std::string& key, const MetaColumn& column) {
  std::vector<std::string> names = column.values;
  names.push_back("(rare values)");
  names.push_back("(none)");
  return parted(
      key, names, column.of.size(),
      [&](size_t i) -> size_t {
        const uint16_t v = column.of[i];
        return v == MetaColumn::kNone    ? names.size() - 1
               : v == MetaColumn::kOther ? names.size() - 2
                                         : v;
      },
      false, 2);
}

class Slicer {
 public:
  Slicer(const AuditIntake& intake, const Records& records)
      : intake_(intake), records_(records), documents_(records.documents) {}

  std::vector<std::string> known() const {
    std::vector<std::string> names;
    for (const std::string_view name : kBuiltIn)
      if (name != "split" || intake_.splits) names.emplace_back(name);
    for (const auto& [key, column] : records_.meta) names.push_back(name_of_meta(key));
    return names;
  }

  std::vector<std::string> automatic() const {
    std::vector<std::string> names;
    for (const std::string_view name : kBuiltIn)
      if (name != "split" || intake_.splits) names.emplace_back(name);
    for (const auto& [key, column] : records_.meta)
      if (column.values.size() >= 2 && column.values.size() <= kMostSlices)
        names.push_back(name_of_meta(key));
    return names;
  }

  AuditSlicing by(const std::string& key) const {
    const size_t n = documents_.size();
    const auto task = [&](size_t i) -> const IntakeTask& {
      return intake_.tasks[documents_[i].task];
    };
    if (key == "source")
      return parted(
          key, intake_.sources, n, [&](size_t i) { return task(i).source; }, false);
    if (key == "split" && intake_.splits)
      return parted(
          key, {"train", "val", "test"}, n, [&](size_t i) { return size_t(task(i).split); }, true);
    if (key == "language")
      return parted(
          key, records_.languages, n, [&](size_t i) -> size_t { return documents_[i].language; },
          false);
    if (key == "length")
      return parted(
          key, {kLengthNames.begin(), kLengthNames.end()}, n,
          [&](size_t i) { return length_class(documents_[i].words); }, true);
    const std::string plain = key.starts_with("meta.") ? key.substr(5) : key;
    for (const auto& [name, column] : records_.meta)
      if (name == plain || name == key) return by_meta(name_of_meta(name), column);
    throw UserError(str("no document has a key '", key, "'"), suggestion(key, known()));
  }

 private:
  static std::string name_of_meta(const std::string& key) {
    return std::ranges::count(kBuiltIn, key) > 0 ? "meta." + key : key;
  }

  const AuditIntake& intake_;
  const Records& records_;
  const std::vector<DocumentRecord>& documents_;
};
}  // namespace

std::vector<AuditSlicing> make_slicings(const AuditIntake& intake, const Records& records,
                                        std::span<const std::string> wanted) {
  const Slicer slicer(intake, records);
  std::vector<AuditSlicing> out;
  if (wanted.empty()) {
    for (const std::string& key : slicer.automatic()) {
      AuditSlicing s = slicer.by(key);
      if (s.values.size() > 1) out.push_back(std::move(s));
    }
    if (out.empty()) out.push_back(slicer.by("source"));
    return out;
  }
  Diagnostics errors;
  for (const std::string& key : wanted) try {
      AuditSlicing s = slicer.by(key);
      if (std::ranges::none_of(out, [&](const AuditSlicing& o) { return o.key == s.key; }))
        out.push_back(std::move(s));
    } catch (const UserError& e) {
      errors.add(e);
    }
  errors.throw_if_any();
  return out;
}

std::span<const std::string_view> length_names() {
  return kLengthNames;
}

size_t length_class(int64_t words) {
  return size_t(std::ranges::upper_bound(kLengthEnds, words) - kLengthEnds.begin());
}
}  // namespace cambium
