// Self test: whether this machine computes what it should.
#pragma once
#include <string>
#include <vector>

namespace cambium {
struct Check {
  std::string name;
  int64_t count = 0;                  // things that were checked
  std::vector<std::string> failures;  // one line each
};

// Each operator's kernel against its double-precision reference on its first sample.
Check check_kernels();
// The gradient of a small model against finite differences, in double.
Check check_gradient();
// A run that stops half way and goes on ends bit for bit like one that does not.
Check check_resume();
}  // namespace cambium
