#include "search/mixtures/fit/choose.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "search/mixtures/fit/ranks.h"

namespace cambium {
namespace {
constexpr size_t kParts = 10;

// The part of each run.
std::vector<size_t> parts_of(const MixturePoints& points, uint64_t seed) {
  std::map<std::vector<double>, size_t> mixtures;
  std::vector<size_t> of;
  for (const std::vector<double>& w : points.shares)
    of.push_back(mixtures.try_emplace(w, mixtures.size()).first->second);
  std::vector<size_t> place(mixtures.size());
  std::iota(place.begin(), place.end(), 0);
  Random(seed, stream_of("mixture.parts")).shuffle(std::span(place));
  for (size_t& part : of) part = place[part] % std::min(kParts, place.size());
  return of;
}

// Calls f(rows without the part, rows of it).
template <class F> void for_each_part(const std::vector<size_t>& part, const F& f) {
  const size_t parts = 1 + *std::ranges::max_element(part);
  for (size_t k = 0; k < parts; ++k) {
    std::vector<size_t> others, own;
    for (size_t i = 0; i < part.size(); ++i) (part[i] == k ? own : others).push_back(i);
    f(others, own);
  }
}

double error_of(std::span<const double> foretold, std::span<const double> losses) {
  double sum = 0;
  for (size_t i = 0; i < losses.size(); ++i) sum += std::pow(foretold[i] - losses[i], 2);
  return std::sqrt(sum / double(losses.size()));
}
}  // namespace

FormChoice choose_form(const MixturePoints& points, std::span<const MixtureForm* const> forms,
                       uint64_t seed) {
  require(points.size() >= 2, "forms are told apart by two runs or more, there are ",
          points.size());
  const std::vector<size_t> part = parts_of(points, seed);
  FormChoice choice;
  double least = HUGE_VAL;
  for (const MixtureForm* form : forms) {
    FormScore score{.form = form, .why_not = {}, .foretold = std::vector<double>(points.size())};
    try {
      for_each_part(part, [&](const auto& others, const auto& own) {
        const auto fitted = form->fit(points.only(others));
        for (const size_t i : own) score.foretold[i] = fitted->at(points.shares[i]);
      });
      score.error = error_of(score.foretold, points.losses);
      score.spearman = spearman(score.foretold, points.losses);
      require(std::isfinite(score.error), "the form '", form->name, "' foretells no numbers");
      if (score.error < least) {
        least = score.error;
        choice.best = choice.scores.size();
      }
    } catch (const UserError& e) {
      score.why_not = e.what();
    }
    choice.scores.push_back(std::move(score));
  }
  if (!std::isfinite(least))
    throw UserError(
        str("no form can be fitted: ",
            choice.scores.empty() ? "none is asked for" : choice.scores.front().why_not),
        "train more mixtures: mix: {runs: 32}");
  std::vector<double> means(points.size());
  for_each_part(part, [&](const auto& others, const auto& own) {
    double sum = 0;
    for (const size_t i : others) sum += points.losses[i];
    for (const size_t i : own) means[i] = others.empty() ? 0 : sum / double(others.size());
  });
  choice.constant_error = error_of(means, points.losses);
  return choice;
}
}  // namespace cambium
