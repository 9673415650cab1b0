// UTF-8: counting characters, finding invalid bytes, and making untrusted text safe to show.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace cambium {
// The sign of multiplication, spelt here because sources are ASCII.
inline constexpr std::string_view kTimes = "\xC3\x97";

// Code points in valid UTF-8 (continuation bytes are not counted).
int64_t characters(std::string_view text);

// The offset of the first byte that is not part of valid UTF-8 (overlong forms and surrogates are
// not), or -1.
int64_t first_invalid_utf8(std::string_view text);

// The bytes of a text up to a last character that is cut short; all when there is none.
size_t whole_bytes(std::string_view text);

// For terminals: control characters (C0, DEL, C1), bidirectional overrides and invalid bytes become
// \x1b or \u202e. Everything else stays.
std::string printable(std::string_view text);

// A text of more than `most` bytes without its middle, which tells how much was left out:
// "abc ... (1048570 bytes left out) ... xyz".
std::string shortened(std::string_view text, size_t most = 2000);
}  // namespace cambium
