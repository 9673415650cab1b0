// Known losses: results of trials as a model of them wants them, one number a trial and objective,
// of mean 0 and variance 1.
#pragma once
#include "search/methods/support/method.h"

namespace cambium {
// losses[objective][i] of history[trials[i]], whose outcomes are known; fewer than two different
// values are all 0. What breaks a condition is worse than all that do not, by how far; what failed
// is as bad as the worst of all. Beyond four times the middle half's width above the median losses
// end: a few that diverged would leave the others equal.
std::vector<std::vector<double>> known_losses(std::span<const PastTrial> history,
                                              std::span<const size_t> trials);

// One loss of several, for random weights of theirs: the largest weighted one and a twentieth of
// their sum (augmented Chebyshev as in Knowles 2006, IEEE TEC 10:50). Standardised too.
std::vector<double> weighed_losses(const std::vector<std::vector<double>>& losses, Random& random);
}  // namespace cambium
