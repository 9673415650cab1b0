#include "data/curation/support/languages.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

namespace cambium {
namespace {
// CLD2 keeps some codes of before 1989.
std::string code_of(CLD2::Language language) {
  static const std::map<std::string, std::string> kToday = {
      {"iw", "he"}, {"in", "id"}, {"ji", "yi"}, {"jw", "jv"}};
  const std::string code = CLD2::LanguageCode(language);
  const auto today = kToday.find(code);
  return today == kToday.end() ? code : today->second;
}
}  // namespace

FoundLanguage language_of(std::string_view text) {
  constexpr size_t kMost = 1 << 20;  // of a longer text the beginning speaks for it
  CLD2::Language languages[3];
  int percents[3], bytes = 0, valid = 0;
  double scores[3];
  bool reliable = false;
  const CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  text = text.substr(0, kMost);
  const auto look = [&](std::string_view of) {
    CLD2::ExtDetectLanguageSummaryCheckUTF8(of.data(), int(of.size()), true, &hints, 0, languages,
                                            percents, scores, nullptr, &bytes, &reliable, &valid);
  };
  look(text);
  if (size_t(valid) < text.size() && valid > 0) look(text.substr(0, size_t(valid)));
  if (languages[0] == CLD2::UNKNOWN_LANGUAGE || percents[0] <= 0) return {};
  return {code_of(languages[0]), percents[0] / 100.0};
}

std::vector<std::string> language_codes() {
  std::vector<std::string> codes;
  for (int i = 0; i < CLD2::NUM_LANGUAGES; ++i)
    if (const std::string code = code_of(CLD2::Language(i)); !code.empty() && code != "un")
      codes.push_back(code);
  std::ranges::sort(codes);
  codes.erase(std::ranges::unique(codes).begin(), codes.end());
  return codes;
}
}  // namespace cambium
