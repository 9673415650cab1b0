#include "data/text/ngram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"

namespace cambium {
namespace {
// Dense names of the k-grams ending at each position, from those of the (k-1)-grams: `context[i]`
// names the k-1 symbols before i, or is -1 when there are fewer.
struct Grams {
  std::vector<int32_t> of;  // [n], -1 where the context is -1
  size_t distinct = 0;
};

Grams name_grams(std::span<const int32_t> text, std::span<const int32_t> context) {
  const auto key = [&](size_t i) { return uint64_t(context[i]) << 32 | uint32_t(text[i]); };
  std::vector<uint64_t> keys;
  keys.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i)
    if (context[i] >= 0) keys.push_back(key(i));
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  Grams grams{std::vector<int32_t>(text.size(), -1), keys.size()};
  for (size_t i = 0; i < text.size(); ++i)
    if (context[i] >= 0)
      grams.of[i] = int32_t(std::ranges::lower_bound(keys, key(i)) - keys.begin());
  return grams;
}

// What followed the contexts of one length in the training text.
struct Counts {
  std::vector<int32_t> gram, context, kinds;  // c(hw), c(h), T(h)
};

Counts count(const Grams& grams, std::span<const int32_t> context, size_t contexts, size_t train) {
  Counts c{std::vector<int32_t>(grams.distinct), std::vector<int32_t>(contexts),
           std::vector<int32_t>(contexts)};
  for (size_t i = 0; i < train; ++i) {
    if (context[i] < 0) continue;
    ++c.context[size_t(context[i])];
    if (c.gram[size_t(grams.of[i])]++ == 0) ++c.kinds[size_t(context[i])];
  }
  return c;
}
}  // namespace

double witten_bell_loss(std::span<const int32_t> text, int64_t train, int64_t classes,
                        int64_t order) {
  ensure(train > 0 && train < int64_t(text.size()) && order >= 1 && classes >= 1,
         "an n-gram of order ", order, " over ", text.size(), " symbols, ", train, " for training");
  ensure(text.size() < (size_t(1) << 31), "n-grams of ", text.size(), " symbols");
  std::vector<double> p(text.size() - size_t(train), 1.0 / double(classes));
  std::vector<int32_t> context(text.size(), 0);  // the empty context
  size_t contexts = 1;
  for (int64_t k = 1; k <= order; ++k) {
    const Grams grams = name_grams(text, context);
    const Counts counts = count(grams, context, contexts, size_t(train));
    for (size_t i = size_t(train); i < text.size(); ++i) {
      if (context[i] < 0 || counts.context[size_t(context[i])] == 0) continue;
      const double seen = counts.context[size_t(context[i])];
      const double kinds = counts.kinds[size_t(context[i])];
      double& now = p[i - size_t(train)];
      now = (counts.gram[size_t(grams.of[i])] + kinds * now) / (seen + kinds);
    }
    for (size_t i = text.size() - 1; i > 0; --i) context[i] = grams.of[i - 1];
    context[0] = -1;
    contexts = grams.distinct;
  }
  double sum = 0;
  for (const double value : p) sum -= std::log(value);
  return sum / double(p.size());
}
}  // namespace cambium
