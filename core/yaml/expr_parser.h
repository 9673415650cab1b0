// Arithmetic inside `${...}`: a recursive-descent parser that computes while it reads.
#pragma once
#include <functional>
#include <string_view>

#include "core/fields.h"

namespace cambium {
// The value of `text`; `lookup(name, offset)` answers variables. Errors go to `fail(offset, length,
// what, help)`, which must throw.
struct ExpressionContext {
  std::function<ArgValue(std::string_view name, size_t offset)> lookup;
  std::function<void(size_t offset, size_t length, std::string what, std::string help)> fail;
};

ArgValue evaluate_expression(std::string_view text, const ExpressionContext& context);
}  // namespace cambium
