// Combine: how streams of the same places become one, for every block that joins some.
#pragma once
#include "blocks/block.h"

namespace cambium {
#define CAMBIUM_COMBINES "sum|concat|mean|product|max|subtract"
inline constexpr std::string_view kCombines = CAMBIUM_COMBINES;
inline constexpr std::string_view kGatedCombines = CAMBIUM_COMBINES "|gate";
#undef CAMBIUM_COMBINES

// A stream that is joined with others, and what errors call it: "branch 2", "tap 'skip'".
struct Joint {
  std::string name;
  Stream stream;
};

// The lists of blocks side by side that `branches` of the use holds. UserError, with an example,
// unless there are some.
const std::vector<Yaml>& branches_of(const BlockUse& use, std::string_view example);

// UserError unless all have one domain, the same places, edges and padding, and one width where
// `how` needs that.
void check_joints(std::string_view how, const std::vector<Joint>& joints);

// Element by element the sum, mean, product or maximum of all, or the first less the second; concat
// sets the channels of all side by side. UserError unless check_joints lets them pass.
Stream join(Builder& b, std::string_view how, const std::vector<Joint>& joints);

// The stream whose x is `x`, made of all joints at each place.
Stream joined_at(Builder& b, Value x, const std::vector<Joint>& joints);
}  // namespace cambium
