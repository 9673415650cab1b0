// Byte letters: how tokenizer.json spells bytes, each as one character: those that can be seen as
// themselves, the others as U+0100 and up in their order (GPT-2's bytes_to_unicode).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace cambium {
std::string spelt_bytes(std::string_view bytes);

// Nothing when a character stands for no byte.
std::optional<std::string> bytes_spelt(std::string_view letters);
}  // namespace cambium
