// Ladder exponents: how the best size and length grow with compute, under each convention of
// counting parameters. The same runs give other exponents under each, because a convention says
// what N is, and compute grows with it in another way.
#pragma once
#include "search/ladder/ladder_points.h"
#include "search/laws/answers/scale.h"

namespace cambium {
struct ConventionAnswer {
  CountConvention convention;
  // FLOPs of a token ~ N^power: 1 where compute is a multiple of N D.
  double power = 1;
  // Of the law under this convention, and of N* ~ C^x and D* ~ C^y, which follow from it and from
  // `power`: a run of N parameters and D tokens takes C ~ D N^power. None where the law tells none.
  std::optional<Spanned> a, b, params_exponent, tokens_exponent;
  std::string untold;  // why, where none are told
};

struct VariantExponents {
  std::string variant;
  std::vector<ConventionAnswer> conventions;
};

// `points` is what points_csv() said. `law` must be one of size and length (chinchilla,
// over_training).
std::vector<VariantExponents> exponents_by_convention(const std::string& points,
                                                      const ScaleSettings& settings);
}  // namespace cambium
