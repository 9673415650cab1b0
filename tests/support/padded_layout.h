// Whether a block list hears padding: its answers and gradients on the same real places, padded in
// several ways.
#pragma once
#include <regex>

#include "tests/support/padded_case.h"

namespace cambium {
// A block list and the padded data it is tried on.
struct Layout {
  std::string yaml;
  PaddedInput input;
  int64_t unit = 1;  // places of a row, where they lie in a grid
};

// Of one example some places are padding, of one none and of one all.
inline PaddedInput padded_input(Domain domain, int64_t places, int64_t channels, int64_t padding) {
  return {domain, places, channels, {std::max<int64_t>(1, places - padding), places, 0}};
}

// Dropout draws by the place of a number in memory, which padding moves.
inline std::string without_dropout(const std::string& yaml) {
  static const std::regex share("(dropout|drop_path): [0-9.]+");
  return std::regex_replace(yaml, share, "$1: 0");
}

inline bool builds(const std::string& yaml, const PaddedInput& input) {
  try {
    const PaddedCase fits(yaml, input, false, false);
    return true;
  } catch (const UserErrors&) {
    return false;
  }
}

// The next length that the list takes without padding; 0 when a layout leaves one only.
inline int64_t longer(const std::string& yaml, const PaddedInput& input, int64_t unit) {
  for (int64_t n = input.places + 2 * unit; n <= input.places + 12 * unit; n += unit)
    if (builds(yaml, input.with_places(n))) return n;
  return 0;
}

enum class Verdict { kDeaf, kRefused, kOneLength };

// What the padding changes, "" for nothing.
inline std::string heard(const Layout& l, bool training, Verdict& verdict) {
  std::optional<PaddedCase> padded;
  try {
    padded.emplace(l.yaml, l.input, training);
  } catch (const UserErrors& e) {
    verdict = Verdict::kRefused;
    const bool says = std::string(e.what()).find("the data is padded, and ") != std::string::npos;
    return says && !e.all[0].help.empty() ? "" : str("refused: ", e.what());
  }
  const PaddedCase::Answers answers = padded->run(2);
  if (const std::string d = difference(answers, padded->run(-9)); !d.empty())
    return "other values: " + d;
  const PaddedCase all(l.yaml, l.input.full(), training);
  const PaddedCase untold(l.yaml, l.input.full(), training, false);
  if (const std::string d = difference(untold.run(1), all.run(1)); !d.empty())
    return "a mask of ones: " + d;
  const std::string yaml = without_dropout(l.yaml);
  const int64_t places = longer(yaml, l.input, l.unit);
  verdict = places ? Verdict::kDeaf : Verdict::kOneLength;
  if (places == 0) return "";
  const PaddedCase tight(yaml, l.input, training);
  const PaddedCase wide(yaml, l.input.with_places(places), training);
  if (const std::string d = difference(tight.run(2), wide.run(-7)); !d.empty())
    return str(places, " places: ", d);
  return "";
}

}  // namespace cambium
