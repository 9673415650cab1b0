// Problems of two and three objectives on ten numbers whose fronts are known: Zitzler, Deb and
// Thiele 2000 (Evolutionary Computation 8:173), Deb et al. 2002 (CEC). bench/nsga2_peer.py has the
// same ones.
#pragma once
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

namespace cambium {
struct FrontProblem {
  const char* name;
  size_t objectives;
  std::function<std::vector<double>(const std::vector<double>& x)> losses;
};

inline double zdt_distance(const std::vector<double>& x) {
  double sum = 0;
  for (size_t i = 1; i < x.size(); ++i) sum += x[i];
  return 1 + 9 * sum / double(x.size() - 1);
}

inline std::vector<double> dtlz2_losses(const std::vector<double>& x) {
  double g = 1;
  for (size_t i = 2; i < x.size(); ++i) g += (x[i] - 0.5) * (x[i] - 0.5);
  const double a = x[0] * std::numbers::pi / 2, b = x[1] * std::numbers::pi / 2;
  return {g * std::cos(a) * std::cos(b), g * std::cos(a) * std::sin(b), g * std::sin(a)};
}

inline std::vector<FrontProblem> front_problems() {
  using X = const std::vector<double>&;
  const auto zdt = [](X x, const auto& shape) {
    const double g = zdt_distance(x);
    return std::vector{x[0], g * shape(x[0] / g)};
  };
  return {{"zdt1", 2, [=](X x) { return zdt(x, [](double s) { return 1 - std::sqrt(s); }); }},
          {"zdt2", 2, [=](X x) { return zdt(x, [](double s) { return 1 - s * s; }); }},
          {"zdt3", 2,
           [=](X x) {
             return zdt(x, [&](double s) {
               return 1 - std::sqrt(s) - s * std::sin(10 * std::numbers::pi * x[0]);
             });
           }},
          {"dtlz2", 3, dtlz2_losses}};
}
}  // namespace cambium
