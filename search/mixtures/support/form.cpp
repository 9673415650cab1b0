#include "search/mixtures/support/form.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text/suggest.h"
#include "search/laws/fit/linear.h"

namespace cambium {
MixturePoints MixturePoints::only(std::span<const size_t> rows) const {
  MixturePoints out{.sources = sources, .shares = {}, .losses = {}};
  for (const size_t i : rows) {
    out.shares.push_back(shares[i]);
    out.losses.push_back(losses[i]);
  }
  return out;
}

const MixtureForm& mixture_form_named(std::string_view name) {
  std::vector<std::string> known;
  for (const MixtureForm* form : builtin_mixture_forms()) {
    if (form->name == name) return *form;
    known.emplace_back(form->name);
  }
  throw UserError(str("there is no form '", name, "' of how a loss depends on a mixture"),
                  suggestion(std::string(name), known));
}

void require_points(const MixtureForm& form, const MixturePoints& points) {
  const size_t needed = form.fewest(points.sources.size());
  require(points.size() >= needed, "the form '", form.name, "' of ", points.sources.size(),
          " sources takes ", needed, " runs, and there are ", points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    ensure(points.shares[i].size() == points.sources.size(), "a mixture has ",
           points.shares[i].size(), " shares");
    require(std::isfinite(points.losses[i]), "the loss of run ", i + 1, " is ", points.losses[i]);
    for (const double s : points.shares[i])
      require(s >= 0 && s <= 1, "a share of run ", i + 1, " is ", s);
  }
}

std::vector<double> regress(const std::vector<std::vector<double>>& rows,
                            std::span<const double> targets) {
  const size_t p = rows.front().size();
  std::vector<double> flat, pulled(p, 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    flat.insert(flat.end(), rows[i].begin(), rows[i].end());
    for (size_t k = 0; k < p; ++k) pulled[k] += rows[i][k] * targets[i];
  }
  return cholesky_solve(cholesky(gram(flat, p), p), pulled);
}
}  // namespace cambium
