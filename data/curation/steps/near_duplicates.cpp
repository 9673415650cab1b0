// Near duplicates: texts that share most of their runs of words with one that stays.
#include <algorithm>
#include <set>

#include "core/system/files.h"
#include "data/curation/likeness/near_pairs.h"

namespace cambium::step_near_duplicates {
namespace {
struct Options {
  double similarity = 0.8;
  int64_t ngram = 5, bands = 14, rows = 8, bucket = 32;
  std::string unit = "word", action = "drop", against = "all";
  bool verify = true;
  std::vector<std::string> prefer;
  static constexpr auto fields = std::tuple{
      field("similarity", &Options::similarity,
            "of two texts' sets of runs, what both hold / what either holds (Jaccard): from there "
            "on they are duplicates")
          .in(0.1, 1),
      field("ngram", &Options::ngram, "units of a run").in(1, 64),
      field("unit", &Options::unit,
            "what runs are made of; case and punctuation do not count. Characters are for scripts "
            "without spaces")
          .one_of("word|character"),
      field("bands", &Options::bands,
            "MinHash: texts of similarity s are compared with probability 1 - (1 - s^rows)^bands")
          .in(1, 256),
      field("rows", &Options::rows, "hashes of a band").in(1, 64),
      field("verify", &Options::verify,
            "compare the sets themselves; else whoever shares a band is a duplicate"),
      field("bucket", &Options::bucket,
            "texts that one is compared with in one band, the first ones; how many met more is "
            "told")
          .in(1, 100'000),
      field("action", &Options::action,
            "drop, or mark: all stay, and split: {by: cluster} keeps them together")
          .one_of("drop|mark"),
      field("against", &Options::against,
            "all, or held_out: only what is like a validation or test document of the corpus that "
            "this one is appended to; what is like its training documents is for training, "
            "whatever the split says. A recipe with append: ends in this")
          .one_of("all|held_out"),
      field("prefer", &Options::prefer,
            "sources in the order in which theirs stays; those that are not named come last")};
};

struct Decision {
  int64_t index;
  bool dropped;
  uint64_t cluster;  // its first draft's key
};

class Marker final : public Judge {
 public:
  // `trained`: indices, sorted, of drafts that are like one which is trained on already;
  // `clusters`: what was found alike with them before.
  Marker(std::vector<Decision> decisions, bool drops, const std::vector<int64_t>& trained,
         const std::set<uint64_t>& clusters)
      : decisions_(std::move(decisions)), drops_(drops), trained_(trained), clusters_(clusters) {}

  bool keep(Draft& draft, Tally& tally) override {
    const int64_t index = index_++;
    if (std::ranges::binary_search(trained_, index) || clusters_.contains(draft.cluster))
      draft.cluster = kTrainCluster;
    if (next_ == decisions_.size() || decisions_[next_].index != index) return true;
    const Decision& d = decisions_[next_++];
    draft.cluster = d.cluster;
    if (!d.dropped) return true;
    if (drops_) tally.drop("near_duplicate", draft);
    if (!drops_) tally.change("near_duplicate", draft);
    return !drops_;
  }

 private:
  std::vector<Decision> decisions_;
  bool drops_;
  const std::vector<int64_t>& trained_;
  const std::set<uint64_t>& clusters_;
  size_t next_ = 0;
  int64_t index_ = 0;
};

class NearStep final : public CurationStep {
 public:
  NearStep(const Options& o, const StepPlace& place)
      : drops_(o.action == "drop"),
        held_out_(o.against == "held_out"),
        splits_(place.holds_out),
        near_{o.similarity,
              o.bands,
              o.rows,
              o.bucket,
              o.verify,
              {o.ngram, o.unit == "character"},
              ranks_of(o.prefer, place)} {
    if (held_out_ && !place.appends)
      throw OptionError("against", "there is no corpus whose held-out documents it could look at",
                        "add append: corpora/first to the recipe, or leave it out");
  }

  bool looks() const override { return true; }

  bool compares() const override { return true; }

  void look(const StagedDrafts& all, const std::string& folder, const Workers& workers) override {
    const StagedDrafts drafts = held_out_ ? with_settled(all, true) : all;
    const auto settled = [&](const RankedPlace& p) { return p.part() >= drafts.own(); };
    const NearPairs found = find_near_pairs(drafts, near_, folder, workers);
    trained_.assign(drafts.parts.size(), {});
    if (held_out_ && splits_) find_trained(with_settled(all, false), folder, workers);
    // Settled drafts stay, whatever they are like.
    const auto judged = [&](const AlikePair& p) {
      return !settled(p.later) && (!held_out_ || settled(p.earlier));
    };
    const auto each = [&](const std::function<void(const AlikePair&)>& f) {
      found.each([&](const AlikePair& p) {
        if (judged(p)) f(p);
      });
    };
    int64_t alike = 0;
    clusters_.emplace(found.parts());
    each([&](const AlikePair& p) { clusters_->expect(p); });
    each([&](const AlikePair& p) {
      clusters_->join(p);
      ++alike;
    });
    clusters_->finish([&, key_of = found.keys()](const RankedPlace& p) {
      return settled(p) ? kTrainCluster : key_of(p);
    });
    place_of_part_.assign(drafts.parts.size(), 0);
    for (const uint64_t p : found.parts()) place_of_part_[size_t(RankedPlace{p}.part())] = p;
    findings_ = clusters_->json(near_.verify);
    findings_["candidates"] = found.candidates();
    findings_["alike"] = alike;
    findings_["capped"] = found.capped();
  }

  std::unique_ptr<Judge> judge(int64_t part) const override {
    std::vector<Decision> decisions;
    for (const ClusterMember& m : clusters_->members_of(place_of_part_[size_t(part)]))
      decisions.push_back({int64_t(m.place.index), m.dropped, m.key});
    return std::make_unique<Marker>(std::move(decisions), drops_, trained_[size_t(part)],
                                    trained_clusters_);
  }

  Json findings() const override { return findings_; }

 private:
  // The own drafts and, of those that are settled, the ones that are held out, or the others.
  // Apart, for a band compares with its first drafts alone.
  static StagedDrafts with_settled(const StagedDrafts& all, bool held_out) {
    StagedDrafts out = all.without_settled();
    out.sources = all.sources;
    for (size_t i = size_t(all.own()); i < all.parts.size(); ++i)
      if (all.parts[i].held_out == held_out) {
        out.parts.push_back(all.parts[i]);
        ++out.settled;
      }
    return out;
  }

  // Which drafts are like one that is trained on already, and the clusters that they are in.
  void find_trained(const StagedDrafts& drafts, const std::string& folder, const Workers& workers) {
    const std::string apart = folder + "/trained";
    make_folders(apart);
    find_near_pairs(drafts, near_, apart, workers).each([&](const AlikePair& p) {
      if (p.later.part() < drafts.own() && p.earlier.part() >= drafts.own())
        trained_[size_t(p.later.part())].push_back(int64_t(p.later.index));
    });
    for (size_t part = 0; part < size_t(drafts.own()); ++part) {
      std::ranges::sort(trained_[part]);
      if (trained_[part].empty()) continue;
      PartReader in(drafts.parts[part].path);
      int64_t index = 0;
      for (Draft d; in.next(d); ++index)
        if (std::ranges::binary_search(trained_[part], index)) trained_clusters_.insert(d.cluster);
    }
  }

  bool drops_, held_out_, splits_;
  std::vector<std::vector<int64_t>> trained_;  // by part
  std::set<uint64_t> trained_clusters_;
  NearOptions near_;
  std::optional<Clusters> clusters_;
  std::vector<uint64_t> place_of_part_;  // RankedPlace::rank_part of each
  Json findings_;
};
}  // namespace

extern const CurationKind step_near_duplicates = {
    .name = "near_duplicates",
    .doc =
        "of texts that are alike, drops those that are like one that stays; texts without a word "
        "are like their equals",
    .source = "Broder 1997 (MinHash); Lee et al. 2022, arXiv 2107.06499 (what it does to models)",
    .version = 4,
    .attrs = fields_of<Options>,
    .primary = "similarity",
    .open = [](const Attrs& attrs, const StepPlace& place) -> std::unique_ptr<CurationStep> {
      return std::make_unique<NearStep>(attrs.as<Options>(), place);
    }};
}  // namespace cambium::step_near_duplicates
