// Masked tokens: any token data, some of whose tokens are hidden and have to be named. Of the
// chosen places 80 % show the mask, 10 % a random token and 10 % their own; nothing else is scored.
//   x: ids [B,T], the mask is id V   target: the hidden ids, -1 where nothing was chosen
// Devlin et al. 2019, BERT, arXiv 1810.04805, section 3.1.
#include <algorithm>
#include <numeric>

#include "core/rng.h"
#include "data/dataset.h"
#include "data/text/token_names.h"

namespace cambium::dataset_masked {
namespace {
struct Masked {
  double rate = 0.15, mask = 0.8, random = 0.1;
  static constexpr auto fields = std::tuple{
      field("rate", &Masked::rate, "share of a text's tokens that are scored, at least one")
          .in(1e-6, 1),
      field("mask", &Masked::mask, "share of those that are replaced by the mask").in(0, 1),
      field("random", &Masked::random, "share of those that are replaced by a random token")
          .in(0, 1)};
};

class MaskedSet final : public Dataset, public NamesTokens {
 public:
  MaskedSet(const Masked& a, std::unique_ptr<Dataset> data, uint64_t seed)
      : options_(a), data_(std::move(data)), seed_(seed) {
    const DataShape inner = data_->shape(1);
    if (inner.domain != Domain::kIds || inner.decoder)
      throw OptionError("of", str("it hides tokens of texts, and this is ", data_->describe()),
                        "use data of token ids, such as {text_chars: {path: input.txt}}");
    if (a.mask + a.random > 1)
      throw OptionError("random",
                        str("mask = ", a.mask, " and random = ", a.random, " are more than all"),
                        "their sum is at most 1; the rest keep their token");
    vocab_ = vocabulary();
    causal_ = inner.causal;
    masked_ = inner.masked;
  }

  DataShape shape(int64_t batch) const override {
    DataShape s = data_->shape(batch);
    s.target = s.x;
    s.classes = vocab_ + 1;
    s.causal = false;
    s.most_scored = batch * chosen_of(s.x.shape[1]);
    return s;
  }

  int64_t count(Split split) const override { return data_->count(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    Batch inner = allocate_batch(data_->shape(into.x.shape()[0]));  // has targets of its own
    data_->read(split, indices, epoch_seed, inner);
    mask(inner, split, indices, epoch_seed, into);
  }

  std::unique_ptr<ExampleStream> stream(uint64_t epoch_seed) const override {
    auto inner = data_->stream(epoch_seed);
    if (!inner) return nullptr;
    return std::make_unique<MaskedStream>(*this, std::move(inner), epoch_seed);
  }

  int64_t stream_bytes() const override { return data_->stream_bytes(); }

  // The vocabulary with the mask: both what is shown and what is answered.
  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    auto vars = data_->vars();
    for (auto& [name, value] : vars)
      if (name == "vocab" || name == "classes") value = vocab_ + 1;
    return vars;
  }

  uint64_t content() const override {
    return joined_hash({data_->content(), hash_options(options_, seed_)});
  }

  std::string describe() const override {
    return str(data_->describe(), "; ", 100 * options_.rate, " % of the tokens to be named");
  }

  std::string decode(std::span<const int32_t> ids) const override { return data_->decode(ids); }

  std::string token_name(int32_t id) const override {
    if (id == vocab_) return "[MASK]";
    const auto* named = dynamic_cast<const NamesTokens*>(data_.get());
    return named ? named->token_name(id) : data_->decode(std::span(&id, 1));
  }

  std::vector<int32_t> encode(std::string_view text) const override { return data_->encode(text); }

 private:
  // The examples of the inner stream, masked by their place in it.
  class MaskedStream final : public ExampleStream {
   public:
    MaskedStream(const MaskedSet& set, std::unique_ptr<ExampleStream> inner, uint64_t epoch_seed)
        : set_(set), inner_(std::move(inner)), epoch_seed_(epoch_seed) {}

    int64_t at() const override { return inner_->at(); }

    void next(int64_t examples, Batch& into) override {
      std::vector<int64_t> indices(static_cast<size_t>(examples));
      std::iota(indices.begin(), indices.end(), at());
      Batch batch = allocate_batch(set_.data_->shape(into.x.shape()[0]));
      inner_->next(examples, batch);
      set_.mask(batch, Split::kTrain, indices, epoch_seed_, into);
    }

    void skip(int64_t examples) override { inner_->skip(examples); }

    std::string save() const override { return inner_->save(); }

    void restore(const std::string& state) override { inner_->restore(state); }

   private:
    const MaskedSet& set_;
    std::unique_ptr<ExampleStream> inner_;
    uint64_t epoch_seed_;
  };

  void mask(const Batch& inner, Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const {
    std::ranges::copy(inner.x.i32(), into.x.i32().begin());
    if (masked_) std::ranges::copy(inner.mask.f32(), into.mask.f32().begin());
    clear_target(into.target);
    const auto width = size_t(into.x.shape()[1]);
    for (size_t k = 0; k < indices.size(); ++k) {
      Random random(seed_ ^ epoch_seed, stream_of(str("masked.", int(split), ".", indices[k])));
      hide(into.x.i32().subspan(k * width, size_t(length_of(inner, k))),
           into.target.i32().subspan(k * width, width), random);
    }
    into.examples = inner.examples;
  }

  int64_t vocabulary() const {
    for (const auto& [name, value] : data_->vars())
      if (const auto* n = std::get_if<int64_t>(&value.variant()); n && name == "vocab") return *n;
    throw OptionError("of", "the data does not say how many tokens it has");
  }

  int64_t chosen_of(int64_t length) const {
    return length < 1 ? 0 : std::max<int64_t>(1, std::llround(options_.rate * double(length)));
  }

  // Tokens before the padding: of masked data those under the mask, of next-token data those up to
  // the last one that has a next.
  int64_t length_of(const Batch& inner, size_t k) const {
    const auto width = size_t(inner.x.shape()[1]);
    int64_t length = int64_t(width);
    if (masked_)
      while (length > 0 && inner.mask.f32()[k * width + size_t(length) - 1] == 0) --length;
    else if (causal_)
      while (length > 0 && inner.target.i32()[k * width + size_t(length) - 1] < 0) --length;
    return length;
  }

  void hide(std::span<int32_t> x, std::span<int32_t> target, Random& random) const {
    std::vector<size_t> places(x.size());
    std::iota(places.begin(), places.end(), size_t(0));
    random.shuffle(std::span(places));
    places.resize(size_t(chosen_of(int64_t(x.size()))));
    for (const size_t at : places) {
      target[at] = x[at];
      const double u = random.uniform();
      const auto other = int32_t(random.below(uint32_t(vocab_)));
      if (u < options_.mask)
        x[at] = int32_t(vocab_);
      else if (u < options_.mask + options_.random)
        x[at] = other;
    }
  }

  Masked options_;
  std::unique_ptr<Dataset> data_;
  uint64_t seed_;
  int64_t vocab_ = 0;
  bool causal_ = false, masked_ = false;  // of the data
};
}  // namespace

extern const DatasetKind dataset_masked = {
    .name = "masked",
    .doc = "token data (of: ...) with some tokens hidden: name those, as BERT is trained",
    .source = "Devlin et al. 2019, BERT, arXiv 1810.04805, section 3.1",
    .attrs = fields_of<Masked>,
    .wrap = [](const Attrs& attrs, std::vector<std::unique_ptr<Dataset>> of,
               uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<MaskedSet>(attrs.as<Masked>(), only_one(std::move(of)), seed);
    }};
}  // namespace cambium::dataset_masked
