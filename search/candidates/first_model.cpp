#include "search/candidates/first_model.h"

#include <algorithm>
#include <map>

#include "core/system/clock.h"

namespace cambium {
namespace {
class Looking {
 public:
  Looking(const Space& space, const std::function<const Candidate&(const SpacePoint&)>& candidate,
          const FirstModelLimits& limits)
      : space_(space), candidate_(candidate), limits_(limits) {}

  bool find() {
    bool found = false;
    if (space_.size(limits_.least)) {
      space_.for_each([&](const SpacePoint& p) { return !(found = is_model(p)); });
      return found;
    }
    Random random(0, stream_of("search.models"));
    drawn_ = true;
    const Stopwatch watch;
    while (!found && looked_ < limits_.most &&
           (looked_ < limits_.least || watch.seconds() < limits_.seconds))
      found = is_model(space_.draw(random));
    return found;
  }

  UserError error() const;

 private:
  bool is_model(const SpacePoint& p) {
    const Candidate& c = candidate_(p);
    if (c.ok()) return true;
    if (looked_++ == 0) first_ = c;
    ++broken_[c.broken];
    return false;
  }

  const Space& space_;
  const std::function<const Candidate&(const SpacePoint&)>& candidate_;
  const FirstModelLimits& limits_;
  std::map<const Condition*, int64_t> broken_;  // null: cannot be built
  Candidate first_;
  int64_t looked_ = 0;
  bool drawn_ = false;
};

UserError Looking::error() const {
  const auto worst =
      std::ranges::max_element(broken_, {}, [](const auto& entry) { return entry.second; });
  const Condition* condition = worst->first;
  const std::string why = condition ? str(worst->second, " break '", condition->text(), "'")
                                    : str(worst->second, " cannot be built");
  UserError error(
      str("the space holds no valid model: of ", looked_, drawn_ ? " that were drawn" : "", ", ",
          why),
      condition ? "loosen the condition, or widen the space"
                : "write what goes together as a condition, such as dim % heads == 0, or free "
                  "another value",
      condition ? condition->mark() : space_.mark());
  error.notes.push_back({str("the first: ", first_.refusal), first_.refusal_mark});
  return error;
}
}  // namespace

void require_a_model(const Space& space,
                     const std::function<const Candidate&(const SpacePoint&)>& candidate,
                     const FirstModelLimits& limits) {
  Looking looking(space, candidate, limits);
  if (!looking.find()) throw looking.error();
}
}  // namespace cambium
