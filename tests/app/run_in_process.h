// Runs a command line inside the test and keeps what it printed.
#pragma once
#include <sstream>
#include <string>
#include <vector>

#include "app/run.h"

namespace cambium::test {
struct Ran {
  int code = 0;
  std::string out, err;
};

// As main() does it, errors included.
inline Ran run_words(const std::vector<std::string>& args, TerminalTraits traits = {}) {
  std::ostringstream out, err;
  Ran ran;
  {
    Terminal terminal(out, err, traits);
    try {
      ran.code = run(args, terminal);
    } catch (const InternalError& e) {
      ran.code = report_bug(e.what(), args, terminal);
    } catch (const Error& e) {
      ran.code = report_error(e, terminal);
    }
  }
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}
}  // namespace cambium::test
