// Topics: the words of error messages and of specs, explained.
#pragma once
#include <span>
#include <string_view>

namespace cambium {
struct Topic {
  std::string_view name, text, example;
};

std::span<const Topic> topics();
}  // namespace cambium
