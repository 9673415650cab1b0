// Space: what a search may try. Dimensions, the conditions under which they have a value, and what
// a point must fulfil. A point is drawn, moved and named here; what it is worth is not known.
#pragma once
#include <functional>
#include <optional>

#include "core/text/json_forward.h"
#include "search/space/dimension.h"

namespace cambium {
// One gene a dimension, in the space's order.
struct SpacePoint {
  std::vector<Gene> genes;

  bool operator==(const SpacePoint&) const = default;
};

class Space {
 public:
  // What a point must fulfil beside `where:`, such as having a row in a table; empty: nothing.
  using Accept = std::function<bool(const Space&, const SpacePoint&)>;

  Space() = default;

  // `vars`: further names of conditions. UserErrors with places: a name that nothing has, two
  // dimensions of one short name that is asked for, conditions in a circle, no valid point, fewer
  // than one draw in 10^4 valid.
  Space(std::vector<Dimension> dimensions, std::vector<Condition> where, const Vars& vars,
        Mark mark, Accept accept = {});

  const std::vector<Dimension>& dimensions() const { return dimensions_; }

  const std::vector<size_t>& order() const { return order_; }  // conditions after what they ask for

  const Mark& mark() const { return mark_; }

  // The same without what is to be accepted beside `where:`, which may take long to know.
  Space unchecked() const;

  // Whether all active values and no others are set, inside their ranges, and all conditions hold.
  bool valid(const SpacePoint& p) const;

  // Takes values from what has none, and draws them for what must have one.
  void settle(SpacePoint& p, Random& random) const;
  bool active(size_t dimension, const SpacePoint& p) const;

  SpacePoint draw(Random& random) const;  // uniform in each dimension, valid
  // settle() at the numbers given: one for each of units_of() of each dimension. May be invalid.
  SpacePoint at_units(std::span<const double> units) const;
  int64_t units() const;

  // Every valid point once, until `f` answers false. All dimensions must be countable.
  void for_each(const std::function<bool(const SpacePoint&)>& f) const;
  // How many valid points there are; none when there are more than `most`, or more than twice as
  // many would have to be looked at.
  std::optional<int64_t> size(int64_t most = 1'000'000) const;

  // By short name, or of a variable; none of an inactive dimension. UserError for an unknown name.
  std::optional<ArgValue> value(std::string_view name, const SpacePoint& p) const;

  std::string text(const SpacePoint& p) const;    // "vars.heads=4, model.1.pattern=AC"; canonical
  Json json(const SpacePoint& p) const;           // {name: value}; inactive ones left out
  SpacePoint point_of(const Json& values) const;  // back from there; UserError: it has none such

 private:
  std::vector<Dimension> dimensions_;
  std::vector<Condition> where_;
  std::vector<size_t> order_;
  Vars vars_;
  Mark mark_;
  Accept accept_;

  std::optional<size_t> dimension_called(std::string_view name) const;
  bool fulfils(const SpacePoint& p) const;
  void check_names(const Condition& c, std::string_view what) const;
  void find_order();
  void propagate(const Condition& c);
  void check_acceptance() const;
  bool visit(size_t place, SpacePoint& p, int64_t& looked, int64_t most,
             const std::function<bool(const SpacePoint&)>& f) const;
};
}  // namespace cambium
