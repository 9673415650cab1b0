// The program's version, as checkpoints and reports name it.
#pragma once
#include <string_view>

namespace cambium {
constexpr std::string_view kVersion = "0.1.0";
}  // namespace cambium
