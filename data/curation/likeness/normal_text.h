// Texts made alike, for comparing.
#pragma once
#include <string>
#include <string_view>

namespace cambium {
// Lower case; every run of anything but letters and digits of ASCII is one space; none at the ends.
// What is beyond ASCII counts as a letter, or with `ascii` as none.
void normalise_words(std::string_view text, std::string& out, bool ascii = false);
}  // namespace cambium
