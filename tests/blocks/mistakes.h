// Uses of blocks that are refused, and what is said of each.
#pragma once
#include <gtest/gtest.h>

#include "tests/support/block_case.h"

namespace cambium::test {
struct Mistake {
  const char *yaml, *text;  // "what; help", without the block's name and path
  Domain domain = Domain::kTokens;
};

inline void PrintTo(const Mistake& m, std::ostream* out) {
  *out << m.yaml;
}

// On tokens [2,5,6] or a grid [2,4,4,6].
inline void expect_refused(const Mistake& m) {
  try {
    BlockCase(str("- ", m.yaml), m.domain,
              m.domain == Domain::kGrid ? Shape{2, 4, 4, 6} : Shape{2, 5, 6});
    FAIL() << "nothing was refused";
  } catch (const UserErrors& e) {
    const std::string what = e.all[0].what();
    const size_t colon = what.find(": ");
    EXPECT_EQ(str(colon == what.npos ? what : what.substr(colon + 2), "; ", e.all[0].help), m.text);
  }
}
}  // namespace cambium::test
