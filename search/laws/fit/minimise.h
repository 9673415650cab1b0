// Descent in a few parameters: least squares (Levenberg and Marquardt) and Huber's sum (BFGS).
#pragma once
#include <functional>
#include <span>
#include <vector>

namespace cambium {
// What a model says at n points with p parameters: values [n] and, when asked, derivatives [n,p].
struct LawModel {
  size_t points = 0, parameters = 0;
  std::function<void(std::span<const double> theta, double* values, double* jacobian)> values;
};

struct Minimum {
  std::vector<double> theta;
  double objective = 0;  // HUGE_VAL when the start itself has no value
  int evaluations = 0;
  bool converged = false;
};

// The least sum of (value - target)^2: Marquardt 1963, SIAM J. 11:431.
Minimum least_squares(const LawModel& model, std::span<const double> targets,
                      std::vector<double> start);

// r^2 / 2 below delta, delta (|r| - delta / 2) beyond (Huber 1964).
double huber(double residual, double delta);

// The least *sum* of huber(value - target): the mean would stop long before. With a delta far below
// the residuals this is nearly least absolute deviations, whose kinks stop what takes whole steps;
// BFGS with a line search for both Wolfe conditions goes on (Lewis and Overton 2013), in
// coordinates in which the weighted Gauss-Newton matrix is the identity.
Minimum least_huber(const LawModel& model, std::span<const double> targets,
                    std::vector<double> start, double delta);
}  // namespace cambium
