// The only header that sees Boost.Math: distributions the statistics need.
#pragma once
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace cambium {
// The value that a Student t of `freedom` degrees stays below with probability p.
inline double t_quantile(double p, double freedom) {
  return boost::math::quantile(boost::math::students_t(freedom), p);
}

inline double t_cdf(double t, double freedom) {
  return boost::math::cdf(boost::math::students_t(freedom), t);
}

// A t statistic whose true mean is `shift` standard errors away from zero.
inline double shifted_t_cdf(double t, double freedom, double shift) {
  return boost::math::cdf(boost::math::non_central_t(freedom, shift), t);
}

inline double normal_quantile(double p) {
  return boost::math::quantile(boost::math::normal(), p);
}

inline double normal_cdf(double z) {
  return boost::math::cdf(boost::math::normal(), z);
}

inline double chi_squared_cdf(double x, double freedom) {
  return boost::math::cdf(boost::math::chi_squared(freedom), x);
}

inline double chi_squared_quantile(double p, double freedom) {
  return boost::math::quantile(boost::math::chi_squared(freedom), p);
}

// A ratio of mean squares of `above` and `below` degrees of freedom.
inline double f_cdf(double f, double above, double below) {
  return boost::math::cdf(boost::math::fisher_f(above, below), f);
}
}  // namespace cambium
