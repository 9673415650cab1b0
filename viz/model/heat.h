// Heat: the time of a profiled step, laid on the hierarchy of a picture. Internal to model_picture.
#pragma once
#include "train/profile/profile.h"
#include "viz/model/hierarchy.h"

namespace cambium {
// Adds each kernel's time, backward and update included, to the leaf it works for and to every
// branch above; before folding, which sums. The kernel's scope says the branch; inside, a leaf
// takes what bears its operator's name ("gelu" takes gelu_grad), and a leaf that is alone, or
// alone has weights, takes the rest. What still stays is the branch's own.
void add_heat(Hierarchy& h, const Profile& profile);

// Call after add_heat: what the picture's colours and legend say. Times of scopes that are not
// drawn ("loss", "optimizer") stand apart.
Heat heat_of(const Hierarchy& h, const Profile& profile);
}  // namespace cambium
