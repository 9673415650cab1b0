// Pre-tokens: a text in words, as GPT-2 cuts it. No piece of byte-level BPE reaches over a cut.
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// Radford et al. 2019, github.com/openai/gpt-2, encoder.py.
#pragma once
#include <string_view>

namespace cambium {
inline constexpr std::string_view kGpt2Pattern =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

// Where the pre-token ends that begins at a byte; at < text.size(). Bytes that are no UTF-8 count
// as characters that are neither letter, number nor space.
size_t pretoken_end(std::string_view text, size_t at);
}  // namespace cambium
