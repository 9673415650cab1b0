// Mixture form: how a loss may depend on the shares of the sources that a model was trained on. One
// file in search/mixtures/forms/ defines one: `extern const MixtureForm form_linear`.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
// What runs on n mixtures of S sources came to. A row is a run; equal shares are repeats.
struct MixturePoints {
  std::vector<std::string> sources;         // S names
  std::vector<std::vector<double>> shares;  // [n][S], from 0 to 1, a row's sum is 1
  std::vector<double> losses;               // [n]

  size_t size() const { return losses.size(); }

  MixturePoints only(std::span<const size_t> rows) const;  // in that order, also repeatedly
};

// A form that was fitted: immutable, safe from several threads.
class FittedMixture {
 public:
  virtual ~FittedMixture() = default;

  virtual double at(std::span<const double> shares) const = 0;
};

struct MixtureForm {
  std::string_view name, doc;
  size_t (*fewest)(size_t sources);  // runs that it takes
  // A function of the points. UserError when there are too few, or no descent ends.
  std::unique_ptr<FittedMixture> (*fit)(const MixturePoints&) = nullptr;
};

std::span<const MixtureForm* const> builtin_mixture_forms();

// UserError naming those there are.
const MixtureForm& mixture_form_named(std::string_view name);

// UserError when the points are fewer than form.fewest, a share or a loss is no number.
void require_points(const MixtureForm& form, const MixturePoints& points);

// The least squares of rows [n][p] on targets [n], in double.
std::vector<double> regress(const std::vector<std::vector<double>>& rows,
                            std::span<const double> targets);
}  // namespace cambium
