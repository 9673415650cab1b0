// The part of an adjacency that follows from who hears whom.
#pragma once
#include "core/tensor/adjacency.h"

namespace cambium {
// Fills everything but `looped` from `nodes` and `in`. Allocates nothing where the vectors have
// room.
void complete_rows(Adjacency& a);
}  // namespace cambium
