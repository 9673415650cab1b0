// Logistic: a logistic regression over features that a text has or has not, learned one text at a
// time. Rates are AdaGrad's (Duchi, Hazan and Singer 2011), so that rare features learn quickly.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cambium {
class Logistic {
 public:
  Logistic(int64_t places, double rate)
      : rate_(rate), weights_(size_t(places)), squares_(size_t(places)) {}

  // Each of n features weighs 1 / sqrt(n), so that long texts are no louder than short ones.
  double chance(std::span<const uint32_t> features) const;

  void learn(std::span<const uint32_t> features, bool good, double weight);

  void save(const std::string& path) const;
  static Logistic load(const std::string& path);  // that answers, and learns no more

 private:
  Logistic() = default;

  double rate_ = 0;
  double bias_ = 0, bias_square_ = 0;
  std::vector<float> weights_, squares_;  // [places]; squares of all gradients
};
}  // namespace cambium
