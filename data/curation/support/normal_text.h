// Texts made alike, for comparing.
#pragma once
#include <string>
#include <string_view>

namespace cambium {
// Lower case; every run of anything but a-z and 0-9 is one space; none at the ends.
std::string normal_words(std::string_view text);
}  // namespace cambium
