#include "core/text/unicode.h"

#include <algorithm>
#include <memory>

#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "core/error.h"

namespace cambium {
namespace {
// White_Space.
bool is_space(char32_t c) {
  return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

CharacterKind kind_of(char32_t c) {
  const uint32_t category = U_GET_GC_MASK(UChar32(c));
  if (category & U_GC_L_MASK) return CharacterKind::kLetter;
  if (category & U_GC_N_MASK) return CharacterKind::kNumber;
  return is_space(c) ? CharacterKind::kSpace : CharacterKind::kOther;
}

bool has_category(char32_t c, uint32_t mask) {
  return c <= 0x10FFFF && (U_GET_GC_MASK(UChar32(c)) & mask) != 0;
}
}  // namespace

Character character_beyond_ascii_at(std::string_view text, size_t at) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data()) + at;
  const auto room = int32_t(std::min<size_t>(4, text.size() - at));
  int32_t used = 0;
  UChar32 code = 0;
  U8_NEXT(bytes, used, room, code);
  if (code < 0) return {kNoCharacter, 1, CharacterKind::kOther};
  return {char32_t(code), uint8_t(used), kind_of(char32_t(code))};
}

bool is_control(char32_t c) {
  return has_category(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK);
}

bool is_punctuation(char32_t c) {
  return has_category(c, U_GC_P_MASK);
}

bool is_accent(char32_t c) {
  return has_category(c, U_GC_MN_MASK);
}

void append_character(char32_t c, std::string& to) {
  if (c > 0x10FFFF) return;
  uint8_t bytes[U8_MAX_LENGTH];
  int32_t n = 0;
  U8_APPEND_UNSAFE(bytes, n, UChar32(c));
  to.append(reinterpret_cast<const char*>(bytes), size_t(n));
}

std::string in_lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.code == kNoCharacter)
      out += text[at];
    else
      append_character(char32_t(u_tolower(UChar32(c.code))), out);
    if (c.code == 0x130) append_character(0x307, out);  // the one that becomes two
    at += c.bytes;
  }
  return out;
}

namespace {
// In the form that `form` knows.
std::string normalised(std::string_view text, const UNormalizer2* form) {
  UErrorCode error = U_ZERO_ERROR;
  std::u16string wide(text.size(), u'\0'), parts;
  int32_t n = 0;
  u_strFromUTF8WithSub(wide.data(), int32_t(wide.size()), &n, text.data(), int32_t(text.size()),
                       0xFFFD, nullptr, &error);
  wide.resize(size_t(n));
  parts.resize(wide.size() * 4 + 16);  // no character has more parts in UTF-16, but for some
  int32_t m = unorm2_normalize(form, wide.data(), n, parts.data(), int32_t(parts.size()), &error);
  if (error == U_BUFFER_OVERFLOW_ERROR) {
    error = U_ZERO_ERROR;
    parts.resize(size_t(m));
    m = unorm2_normalize(form, wide.data(), n, parts.data(), m, &error);
  }
  std::string out(size_t(m) * 3, '\0');
  int32_t bytes = 0;
  u_strToUTF8(out.data(), int32_t(out.size()), &bytes, parts.data(), m, &error);
  ensure(U_SUCCESS(error), "ICU cannot normalise ", text.size(), " bytes: ", u_errorName(error));
  out.resize(size_t(bytes));
  return out;
}
}  // namespace

std::string decomposed(std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  return normalised(text, unorm2_getNFDInstance(&error));
}

std::string composed(std::string_view text, bool compatible) {
  UErrorCode error = U_ZERO_ERROR;
  return normalised(text,
                    compatible ? unorm2_getNFKCInstance(&error) : unorm2_getNFCInstance(&error));
}

std::string detect_encoding(std::string_view bytes) {
  constexpr size_t kMost = 1 << 16;  // the beginning speaks for all
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UCharsetDetector, void (*)(UCharsetDetector*)> detector(ucsdet_open(&error),
                                                                                ucsdet_close);
  ensure(U_SUCCESS(error), "ICU has no detector: ", u_errorName(error));
  ucsdet_setText(detector.get(), bytes.data(), int32_t(std::min(bytes.size(), kMost)), &error);
  const UCharsetMatch* match = ucsdet_detect(detector.get(), &error);
  if (U_FAILURE(error) || !match) return {};
  const char* name = ucsdet_getName(match, &error);
  return U_SUCCESS(error) && name ? name : "";
}

bool to_utf8(std::string_view bytes, const std::string& encoding, std::string& into) {
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, void (*)(UConverter*)> from(ucnv_open(encoding.c_str(), &error),
                                                                ucnv_close);
  if (U_FAILURE(error)) return false;
  std::u16string wide(2 * bytes.size() + 1, u'\0');
  const int32_t n = ucnv_toUChars(from.get(), wide.data(), int32_t(wide.size()), bytes.data(),
                                  int32_t(bytes.size()), &error);
  if (U_FAILURE(error)) return false;
  into.resize(size_t(n) * 3 + 1);
  int32_t length = 0;
  u_strToUTF8WithSub(into.data(), int32_t(into.size()), &length, wide.data(), n, 0xFFFD, nullptr,
                     &error);
  into.resize(size_t(length));
  return U_SUCCESS(error);
}
}  // namespace cambium
