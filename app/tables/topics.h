// Topics: the words of error messages and of specs, explained.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace cambium {
struct Topic {
  std::string_view name, text, example;
};

std::span<const Topic> topics();

// The words of the language, in the order in which they stand in a file (app/tables/language.cpp).
std::span<const Topic> spec_sections();
std::span<const Topic> block_modifiers();  // what stands beside any block
std::span<const Topic> study_keys();

// The text of one of them; InternalError when it is not there.
std::string word_doc(std::span<const Topic> words, std::string_view name);
}  // namespace cambium
