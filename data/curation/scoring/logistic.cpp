#include "data/curation/scoring/logistic.h"

#include <cmath>

#include "data/curation/support/number_file.h"

namespace cambium {
namespace {
constexpr double kFirstSquare = 1e-6;  // so that a first step is bounded
}

void Logistic::save(const std::string& path) const {
  NumberFileWriter file(path);
  file.add(std::vector<double>{bias_});
  file.add(weights_);
  file.commit();
}

Logistic Logistic::load(const std::string& path) {
  NumberFileReader file(path);
  Logistic model;
  std::vector<double> head;
  file.take(head);
  ensure(head.size() == 1, path, " is no regression");
  model.bias_ = head[0];
  file.take(model.weights_);
  return model;
}

double Logistic::chance(std::span<const uint32_t> features) const {
  double sum = 0;
  for (const uint32_t f : features) sum += double(weights_[f]);
  const double size = features.empty() ? 1 : std::sqrt(double(features.size()));
  return 1 / (1 + std::exp(-(bias_ + sum / size)));
}

void Logistic::learn(std::span<const uint32_t> features, bool good, double weight) {
  const double error = weight * (chance(features) - (good ? 1.0 : 0.0));
  const double g = features.empty() ? 0 : error / std::sqrt(double(features.size()));
  bias_square_ += error * error;
  bias_ -= rate_ * error / std::sqrt(bias_square_ + kFirstSquare);
  for (const uint32_t f : features) {
    squares_[f] += float(g * g);
    weights_[f] -= float(rate_ * g / std::sqrt(double(squares_[f]) + kFirstSquare));
  }
}
}  // namespace cambium
