// Profile table: a profile as people read it.
#pragma once
#include <string>

#include "train/profile/profile.h"

namespace cambium {
// The `top` slowest kernels, each with what it reached, whom it serves and which implementation
// runs; "!" marks an implementation of plain loops.
std::string kernel_table(const Profile& p, int64_t top);

// The `top` slowest groups; `what` heads their names: "block", "op".
std::string group_table(const std::vector<GroupTime>& groups, std::string_view what,
                        const Profile& p, int64_t top);

// Time of a step and what lies outside kernels, the roofline, memory, and advice where kernels run
// plain loops.
std::string summary_text(const Profile& p);
}  // namespace cambium
