// UTF-8: counting characters, finding invalid bytes, and making untrusted text safe to show.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace cambium {
// Code points in valid UTF-8 (continuation bytes are not counted).
int64_t characters(std::string_view text);

// The offset of the first byte that is not part of valid UTF-8 (overlong forms and surrogates are
// not), or -1.
int64_t first_invalid_utf8(std::string_view text);

// For terminals: control characters (C0, DEL, C1), bidirectional overrides and invalid bytes become
// \x1b or \u202e. Everything else stays.
std::string printable(std::string_view text);
}  // namespace cambium
