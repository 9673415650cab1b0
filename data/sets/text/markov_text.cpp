// Markov text: next-symbol prediction whose best possible loss is known exactly.
#include "data/generated/generated.h"
#include "data/generated/markov.h"

namespace cambium::dataset_markov_text {
namespace {
struct MarkovText : SplitCounts {
  int64_t symbols = 16, order = 2, context = 64, chain = 1;
  double concentration = 0.3;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("symbols", &MarkovText::symbols, "size of the alphabet").in(2, 1 << 10),
          field("order", &MarkovText::order, "symbols that the next one depends on").in(1, 12),
          field("context", &MarkovText::context, "T: symbols a sequence").in(1, 1 << 16),
          field("chain", &MarkovText::chain, "which random chain; the same for every run's seed")
              .in(0),
          field("concentration", &MarkovText::concentration,
                "of the Dirichlet rows: small is predictable, large is uniform")
              .in(1e-3, 1e6)},
      SplitCounts::fields);
};

struct ZipfText : MarkovText {
  double zipf = 0;
  static constexpr auto fields = std::tuple_cat(
      MarkovText::fields,
      std::tuple{field("zipf", &ZipfText::zipf,
                       "how unevenly frequent symbols and states are: that of rank r ~ r^-zipf, so "
                       "that losses fall as powers of size and data; 0: all alike")
                     .in(0, 4)});

  // What it is drawn by. Without zipf as before there was one: the same data is the same content.
  std::string text(const Attrs& attrs) const {
    return zipf == 0 ? Attrs(static_cast<const MarkovText&>(*this)).text() : attrs.text();
  }
};

// Symbols of a split that the chain itself is asked about when the data is opened.
constexpr int64_t kMostAsked = 1 << 22;

// The chain's own mean loss on the very symbols of a split, known without the chance of a sample.
void add_own_loss(const Dataset& data, const MarkovChain& chain, Split split, int64_t context,
                  SequenceTask& task) {
  const int64_t count = data.count(split);
  if (count * context > kMostAsked) return;
  Batch batch = allocate_batch(data.shape(1));
  std::vector<int32_t> text(size_t(context) + 1);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    data.read(split, {&i, 1}, 0, batch);
    std::ranges::copy(batch.x.i32(), text.begin());
    text.back() = batch.target.i32().back();
    sum += chain.log_loss(text);
  }
  const double scored = double(count * (context + 1 - chain.order()));
  task.reference_losses.push_back(
      {.name = str("the chain itself on ", split == Split::kValidation ? "val" : "test"),
       .loss = sum / scored,
       .drawn = split});
}

std::unique_ptr<Dataset> open(const Attrs& attrs, uint64_t seed) {
  const auto a = attrs.as<ZipfText>();
  if (a.context < a.order)
    throw OptionError("context", str("context = ", a.context, " is shorter than order = ", a.order),
                      str("use context: ", a.order, " or more"));
  std::shared_ptr<const MarkovChain> chain;
  try {
    chain = std::make_shared<MarkovChain>(a.symbols, a.order, a.concentration, uint64_t(a.chain),
                                          a.zipf);
  } catch (const UserError& e) {
    throw OptionError("order", e.what(), "use fewer symbols or a lower order");
  }
  SequenceTask task{.name = "markov_text",
                    .options = a.text(attrs),
                    .vocab = a.symbols,
                    .context = a.context,
                    .counts = a,
                    .causal = true,
                    .fresh = true,
                    .reference_losses = {{.name = "entropy rate",
                                          .loss = chain->entropy_rate(),
                                          .floor = true,
                                          .deviation = chain->entropy_deviation()}}};
  // Positions that see fewer than `order` symbols are not scored: the entropy rate is exact.
  task.write = [chain](const SequenceExample& e) {
    const auto& [split, index, random, x, target] = e;
    std::vector<int32_t> text(x.size() + 1);
    chain->sample(random, text);
    std::copy(text.begin(), text.end() - 1, x.begin());
    for (size_t t = size_t(chain->order()) - 1; t < target.size(); ++t) target[t] = text[t + 1];
  };
  const std::unique_ptr<Dataset> plain = open_sequences(task, seed);
  for (Split split : {Split::kValidation, Split::kTest})
    add_own_loss(*plain, *chain, split, a.context, task);
  return open_sequences(std::move(task), seed);
}
}  // namespace

extern const DatasetKind dataset_markov_text = {
    .name = "markov_text",
    .doc =
        "text of a random Markov chain, stationary from the first symbol on; its entropy rate is "
        "the best possible loss",
    .source = "Shannon 1948, A mathematical theory of communication",
    .attrs = fields_of<ZipfText>,
    .open = open};
}  // namespace cambium::dataset_markov_text
