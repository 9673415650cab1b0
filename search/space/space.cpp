#include "search/space/space.h"

#include <algorithm>
#include <set>

#include "core/text/json.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
constexpr int kMostDraws = 1'000'000;  // for one valid point: 100 times what is needed at worst
}

Space::Space(std::vector<Dimension> dimensions, std::vector<Condition> where, const Vars& vars,
             Mark mark, Accept accept)
    : dimensions_(std::move(dimensions)),
      where_(std::move(where)),
      vars_(vars),
      mark_(std::move(mark)),
      accept_(std::move(accept)) {
  Diagnostics errors;
  const auto checked = [&](const Condition& c, std::string_view what) {
    try {
      check_names(c, what);
    } catch (const UserError& e) {
      errors.add(e);
    }
  };
  for (const Dimension& d : dimensions_)
    if (d.when) checked(*d.when, "when");
  for (const Condition& c : where_) checked(c, "where");
  errors.throw_if_any();
  find_order();
  for (const Condition& c : where_) propagate(c);
  check_acceptance();
}

std::optional<size_t> Space::dimension_called(std::string_view name) const {
  for (size_t i = 0; i < dimensions_.size(); ++i)
    if (dimensions_[i].short_name() == name) return i;
  return std::nullopt;
}

std::optional<ArgValue> Space::value(std::string_view name, const SpacePoint& p) const {
  const std::optional<size_t> i = dimension_called(name);
  if (!i) return vars_.get(name, {});
  const Gene& gene = p.genes[*i];
  if (!gene.active) return std::nullopt;
  return value_of(dimensions_[*i], gene);
}

void Space::check_names(const Condition& c, std::string_view what) const {
  std::vector<std::string> known = vars_.names(), labels;
  for (const Dimension& d : dimensions_) {
    known.emplace_back(d.short_name());
    labels.insert(labels.end(), d.labels.begin(), d.labels.end());
  }
  bool asks = false;
  for (const std::string& name : c.names()) {
    const auto count = std::ranges::count(known, name);
    if (count > 1)
      throw UserError(str("'", name, "' in '", c.text(), "' may be one of ", count),
                      "call the variables of the spec by names of their own", c.mark());
    if (count == 0 && !std::ranges::count(labels, name) && name != "true" && name != "false")
      throw UserError(str(what, ": '", c.text(), "' asks for '", name, "', which is nothing here"),
                      suggestion(name, known), c.mark());
    asks = asks || dimension_called(name);
  }
  if (!asks)
    throw UserError(str(what, ": '", c.text(), "' asks for nothing that the space varies"),
                    suggestion("", known), c.mark());
  for (const auto& [name, letter] : c.letters())
    if (const auto i = dimension_called(name);
        i && dimensions_[*i].kind == DimensionKind::kPattern &&
        dimensions_[*i].letters.find(letter) == std::string::npos)
      throw UserError(str("'", letter, "' is no letter of '", name, "'"),
                      str("its letters are ", dimensions_[*i].letters), c.mark());
}

void Space::find_order() {
  std::vector<bool> placed(dimensions_.size());
  while (order_.size() < dimensions_.size()) {
    const size_t before = order_.size();
    for (size_t i = 0; i < dimensions_.size(); ++i) {
      const std::optional<Condition>& when = dimensions_[i].when;
      const bool ready = !when || std::ranges::all_of(when->names(), [&](const std::string& name) {
        const auto asked = dimension_called(name);
        return !asked || placed[*asked];
      });
      if (placed[i] || !ready) continue;
      placed[i] = true;
      order_.push_back(i);
    }
    if (order_.size() > before) continue;
    const size_t stuck = size_t(std::ranges::find(placed, false) - placed.begin());
    throw UserError(str("'", dimensions_[stuck].name, "' is there when '",
                        dimensions_[stuck].when->text(), "', which needs itself"),
                    "break the circle of conditions", dimensions_[stuck].when->mark());
  }
}

bool Space::active(size_t dimension, const SpacePoint& p) const {
  const std::optional<Condition>& when = dimensions_[dimension].when;
  return !when || when->holds([&](std::string_view name) { return value(name, p); }, false);
}

bool Space::fulfils(const SpacePoint& p) const {
  const auto of = [&](std::string_view name) { return value(name, p); };
  return std::ranges::all_of(where_, [&](const Condition& c) { return c.holds(of, true); }) &&
         (!accept_ || accept_(*this, p));
}

bool Space::valid(const SpacePoint& p) const {
  if (p.genes.size() != dimensions_.size()) return false;
  for (const size_t i : order_) {
    if (p.genes[i].active != active(i, p)) return false;
    if (p.genes[i].active ? !in_range(dimensions_[i], p.genes[i]) : p.genes[i] != Gene{})
      return false;
  }
  return fulfils(p);
}

Space Space::unchecked() const {
  Space out = *this;
  out.accept_ = {};
  return out;
}

void Space::settle(SpacePoint& p, Random& random) const {
  p.genes.resize(dimensions_.size());
  for (const size_t i : order_) {
    if (!active(i, p))
      p.genes[i] = {};
    else if (!p.genes[i].active)
      p.genes[i] = draw_gene(dimensions_[i], random);
  }
}

SpacePoint Space::draw(Random& random) const {
  for (int i = 0; i < kMostDraws; ++i) {
    SpacePoint p;
    settle(p, random);
    if (fulfils(p)) return p;
  }
  throw UserError(str("no valid point in ", kMostDraws, " draws of the space"),
                  "loosen a condition of where:", mark_);
}

int64_t Space::units() const {
  int64_t all = 0;
  for (const Dimension& d : dimensions_) all += units_of(d);
  return all;
}

SpacePoint Space::at_units(std::span<const double> units) const {
  SpacePoint p;
  for (const Dimension& d : dimensions_) {
    p.genes.push_back(gene_from_units(d, units));
    units = units.subspan(size_t(units_of(d)));
  }
  for (const size_t i : order_)
    if (!active(i, p)) p.genes[i] = {};
  return p;
}

std::string Space::text(const SpacePoint& p) const {
  std::string out;
  for (size_t i = 0; i < dimensions_.size(); ++i)
    if (p.genes[i].active)
      out += str(out.empty() ? "" : ", ", dimensions_[i].name, "=",
                 text_of(dimensions_[i], p.genes[i]));
  return out;
}

Json Space::json(const SpacePoint& p) const {
  Json out = Json::object();
  for (size_t i = 0; i < dimensions_.size(); ++i) {
    if (!p.genes[i].active) continue;
    std::visit([&](const auto& v) { out[dimensions_[i].name] = v; },
               value_of(dimensions_[i], p.genes[i]).variant());
  }
  return out;
}
}  // namespace cambium
