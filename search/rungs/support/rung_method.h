// RungMethod: how trials are divided among rungs; one file in search/rungs/ defines one.
#pragma once
#include <string_view>

#include "core/fields.h"
#include "core/yaml/expr.h"
#include "search/rungs/support/rungs.h"

namespace cambium {
struct RungMethod {
  std::string_view name, doc, paper;
  FieldSet attrs = {};
  // Of so many trials, at least 1.
  RungPlan (*plan)(const Attrs& options, int64_t trials) = nullptr;
};

std::span<const RungMethod* const> builtin_rung_methods();

// UserError at `mark` with the nearest names.
const RungMethod& find_rung_method(std::string_view name, const Mark& mark);

// What all methods take.
struct RungOptions {
  double keep = 1.0 / 3;
  int64_t levels = 3;

  static constexpr auto fields = std::tuple{
      field("keep", &RungOptions::keep,
            "share of a rung's trials that go on, such as 1/3; the rungs are its powers: 1/9, 1/3 "
            "and all of a training")
          .in(0.01, 0.9),
      field("levels", &RungOptions::levels, "rungs, the whole training counted").in(2, 8)};
};

// Its rungs, without brackets.
RungPlan plan_of(const RungOptions& options);

struct RungChoice {
  const RungMethod* method = nullptr;
  Attrs options = {};
  Mark mark = {};
};

// "asha", "{hyperband: {keep: 1/4}}" or "{keep: 1/4}", which is halving. Mistakes go into `errors`
// with their places; without a known name the method is null.
RungChoice read_rung_choice(const Yaml& yaml, const Vars& vars, Diagnostics& errors);
}  // namespace cambium
