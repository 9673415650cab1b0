#include "search/results/row_json.h"

#include <algorithm>
#include <cmath>

#include "search/results/summary.h"

namespace cambium {
namespace {
constexpr std::string_view kClaims[] = {"baseline", "better", "worse", "cannot tell", "equivalent"};
constexpr std::string_view kHindrances[] = {
    "none",           "runs to go",     "few seeds",  "failures", "no spread",    "noise",
    "seeds disagree", "other variants", "two groups", "test set", "sees answers", "identical"};
static_assert(std::size(kHindrances) == size_t(Hindrance::kIdentical) + 1);

// The place of a name; `otherwise` when it stands nowhere.
template <class E, size_t N>
E named(const std::string_view (&names)[N], std::string_view name, E otherwise) {
  const auto found = std::ranges::find(names, name);
  return found == std::end(names) ? otherwise : E(found - std::begin(names));
}

template <class T> Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

void put_interval(Json& j, const char* low, const char* high, const std::optional<Interval>& i) {
  j[low] = i ? Json(i->low) : Json();
  j[high] = i ? Json(i->high) : Json();
}

// None unless both ends are known.
std::optional<Interval> interval_from(const JsonItem& item, const char* low, const char* high) {
  const Interval i{item.number(low), item.number(high)};
  if (!std::isfinite(i.low) || !std::isfinite(i.high)) return std::nullopt;
  return i;
}

void put_outlook(Json& row, const std::optional<Outlook>& o) {
  row["seeds_low"] = o ? or_null(o->seeds_low) : Json();
  row["seeds_high"] = o ? or_null(o->seeds_high) : Json();
  put_interval(row, "effect_low", "effect_high", o ? std::optional(o->effect_seen) : std::nullopt);
}

std::optional<Outlook> outlook_from(const JsonItem& row) {
  if (!row.find("effect_low") && !row.find("seeds_low")) return std::nullopt;
  Outlook o{.effect_seen = {row.number("effect_low"), row.number("effect_high")}};
  if (row.find("seeds_low")) o.seeds_low = row.whole("seeds_low");
  if (row.find("seeds_high")) o.seeds_high = row.whole("seeds_high");
  return o;
}

std::string_view name_of(Claim claim) {
  return kClaims[size_t(claim)];
}

std::string_view name_of(Hindrance hindrance) {
  return kHindrances[size_t(hindrance)];
}

Json to_json(const Decision& d) {
  Json j = {{"claim", name_of(d.claim)},
            {"hindrance", name_of(d.hindrance)},
            {"pairs", d.pairs},
            {"failures", d.failed},
            {"baseline_failures", d.baseline_failed},
            {"diff_mean", d.difference ? Json(d.difference->mean) : Json()},
            {"diff_deviation", d.difference ? Json(d.difference->deviation) : Json()}};
  put_interval(j, "diff_least", "diff_most",
               d.difference ? std::optional(d.difference->range) : std::nullopt);
  put_interval(j, "diff_low", "diff_high",
               d.has_interval() ? std::optional(d.difference->interval) : std::nullopt);
  j["p_value"] = d.difference ? Json(d.p_value) : Json();
  j["equivalence_p"] = d.difference ? Json(d.equivalence_p) : Json();
  j["within_least_effect"] = d.within;
  j["decided_at"] = d.decided_at;
  j["examples_apart"] = d.examples_apart;
  return j;
}

Decision decision_from(const Json& row) {
  const auto number = [&](const char* key, double otherwise) {
    const auto it = row.find(key);
    return it != row.end() && it->is_number() ? it->get<double>() : otherwise;
  };
  const auto text = [&](const char* key) {
    const auto it = row.find(key);
    return it != row.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  const auto yes = [&](const char* key) {
    const auto it = row.find(key);
    return it != row.end() && it->is_boolean() && it->get<bool>();
  };
  Decision d{.claim = named(kClaims, text("claim"), Claim::kCannotTell),
             .hindrance = named(kHindrances, text("hindrance"), Hindrance::kNoise),
             .pairs = int64_t(number("pairs", 0)),
             .failed = int64_t(number("failures", 0)),
             .baseline_failed = int64_t(number("baseline_failures", 0)),
             .p_value = number("p_value", 1),
             .equivalence_p = number("equivalence_p", 1),
             .within = yes("within_least_effect"),
             .decided_at = int64_t(number("decided_at", 0)),
             .examples_apart = number("examples_apart", 0)};
  if (row.contains("diff_mean") && row.at("diff_mean").is_number())
    d.difference = {number("diff_mean", 0),
                    number("diff_deviation", 0),
                    {number("diff_low", NAN), number("diff_high", NAN)},
                    d.p_value,
                    d.pairs,
                    {number("diff_least", NAN), number("diff_most", NAN)}};
  return d;
}

}  // namespace cambium
