// EXPECT-style checks on the text of errors.
#pragma once
#include <stdexcept>
#include <string>

#include "core/error.h"

namespace cambium::test {
// The error that `action` throws; std::logic_error (and so a failed test) when it throws none.
template <class E = UserError, class F> E error_of(const F& action) {
  try {
    action();
  } catch (const E& e) {
    return e;
  }
  throw std::logic_error("no such error was thrown");
}

// "line:column: what"
inline std::string text_of(const Error& e) {
  return std::to_string(e.mark.line) + ":" + std::to_string(e.mark.column) + ": " + e.what();
}
}  // namespace cambium::test
