// Data paths: which files a spec's data is read from, for who must find the one that changed.
#pragma once
#include <string>
#include <vector>

#include "core/yaml/spec.h"

namespace cambium {
// The files and folders that stand in the data section, in its order.
std::vector<std::string> data_paths(const Spec& spec);

// "it is read from 'a.txt'", and from where it was read when that is known and another place;
// empty for data that is read from nowhere.
std::string read_from_text(const Spec& is, const Spec* was);
}  // namespace cambium
