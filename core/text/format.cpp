#include "core/text/format.h"

#include <iterator>

#include "core/text/fmt.h"

namespace cambium::detail {
namespace {
template <class T> void append(std::string& out, T value) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}
}  // namespace

void append_number(std::string& out, int64_t value) {
  append(out, value);
}

void append_number(std::string& out, uint64_t value) {
  append(out, value);
}

void append_number(std::string& out, float value) {
  append(out, value);
}

void append_number(std::string& out, double value) {
  append(out, value);
}
}  // namespace cambium::detail
