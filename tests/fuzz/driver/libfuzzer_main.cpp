// libFuzzer's entry: the target that CAMBIUM_FUZZ_TARGET names.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/target.h"

namespace {
const cambium::FuzzTarget& chosen() {
  const char* name = std::getenv("CAMBIUM_FUZZ_TARGET");
  for (const cambium::FuzzTarget* t : cambium::fuzz_targets())
    if (name && t->name == name) return *t;
  std::fprintf(stderr, "set CAMBIUM_FUZZ_TARGET to one of\n");
  for (const cambium::FuzzTarget* t : cambium::fuzz_targets())
    std::fprintf(stderr, "  %s\n", std::string(t->name).c_str());
  std::exit(1);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  static const cambium::FuzzTarget& target = chosen();
  cambium::accepts(target, {reinterpret_cast<const char*>(data), size});
  return 0;
}
