#include "data/curation/scoring/scoring_step.h"

#include <algorithm>
#include <cmath>

#include "core/text/suggest.h"
#include "data/assembly/sidecar.h"

namespace cambium {
namespace {
class ScoreJudge final : public Judge {
 public:
  ScoreJudge(std::vector<DraftScore> scores, ScoreCut::Limits limits)
      : scores_(std::move(scores)), limits_(limits) {}

  bool keep(Draft& draft, Tally& tally) override {
    const DraftScore& s = scores_[index_++];
    const char* rule = s.value < limits_.least  ? "below"
                       : s.value > limits_.most ? "above"
                       : s.value <= s.above     ? "drawn"
                                                : nullptr;
    if (rule) tally.drop(rule, draft);
    return !rule;
  }

 private:
  std::vector<DraftScore> scores_;
  ScoreCut::Limits limits_;
  size_t index_ = 0;
};

class EveryoneStays final : public Judge {
  bool keep(Draft&, Tally&) override { return true; }
};

struct Quantile {
  const char* name;
  double share;
};

constexpr Quantile kQuantiles[] = {{"0%", 0},     {"1%", 0.01},  {"5%", 0.05},
                                   {"25%", 0.25}, {"50%", 0.5},  {"75%", 0.75},
                                   {"95%", 0.95}, {"99%", 0.99}, {"100%", 1}};

Json number_or_nothing(float limit) {
  return std::isfinite(limit) ? Json(limit) : Json();
}
}  // namespace

ScoringStep::ScoringStep(const ScoringOptions& options, const StepPlace& place)
    : cut_(cut_from("keep", options.keep)),
      keep_(options.keep),
      by_source_(options.of == "source"),
      judged_(place.sources.size(), options.only.empty()) {
  for (const std::string& name : options.only) {
    const auto at = std::ranges::find(place.sources, name);
    if (at == place.sources.end())
      throw OptionError("only", str("there is no source '", name, "'"),
                        suggestion(name, place.sources));
    judged_[size_t(at - place.sources.begin())] = true;
  }
}

void ScoringStep::look(const StagedDrafts& drafts, const std::string& folder,
                       const Workers& workers) {
  folder_ = folder;
  texts_ = texts(drafts, folder, workers);
  score_all(folder, workers);
  find_limits();
  findings_ = read_sidecar(folder + "/learned").value();
  findings_["keep"] = keep_;
  for (size_t s = 0; s < texts_.sources.size(); ++s)
    findings_["sources"][texts_.sources[s]] = told_of(int64_t(s));
  tell([&](int64_t source) { return list([=](int64_t s) { return s == source; }); }, findings_);
}

void ScoringStep::score_all(const std::string& folder, const Workers& workers) {
  const auto parts = int64_t(texts_.parts.size());
  const auto done = [&](int64_t i) { return read_sidecar(path(i)).has_value(); };
  bool all = true;
  for (int64_t i = 0; i < parts; ++i) all &= done(i);
  if (all && read_sidecar(folder + "/learned")) return;
  const std::unique_ptr<Scorer> scorer = learn(texts_, folder, workers);
  write_sidecar(folder + "/learned", scorer->facts());
  run_tasks(workers, "scoring", parts, done, [&](int64_t i) {
    PartReader in(texts_.parts[size_t(i)].path);
    std::vector<DraftScore> scores;
    double sum = 0;
    for (Draft d; in.next(d);) {
      scores.push_back(scorer->score(d));
      sum += double(scores.back().value) * double(d.text.size());
    }
    write_scores(path(i), scores);
    write_sidecar(path(i), {{"sum", sum}});
  });
}

ScoreList ScoringStep::list(const std::function<bool(int64_t)>& wanted) const {
  std::vector<ScoreList::File> files;
  for (size_t i = 0; i < texts_.parts.size(); ++i)
    if (wanted(texts_.parts[i].source))
      files.push_back({path(int64_t(i)), texts_.parts[i].documents});
  return ScoreList(std::move(files));
}

void ScoringStep::find_limits() {
  const auto judged = [&](int64_t s) { return s < int64_t(judged_.size()) && judged_[size_t(s)]; };
  limits_.clear();
  for (int64_t s = 0; s < int64_t(judged_.size()); ++s) {
    const bool again = s > 0 && !by_source_;
    limits_.push_back(again ? limits_[0] : cut_.limits(list([&](int64_t other) {
      return judged(other) && (!by_source_ || other == s);
    })));
  }
}

Json ScoringStep::told_of(int64_t source) const {
  const ScoreList scores = list([&](int64_t s) { return s == source; });
  Json out = {{"documents", scores.count()}};
  if (scores.count() == 0) return out;
  double sum = 0;
  int64_t bytes = 0, kept = 0;
  for (size_t i = 0; i < texts_.parts.size(); ++i) {
    if (texts_.parts[i].source != source) continue;
    sum += read_sidecar(path(int64_t(i))).value()["sum"].get<double>();
    bytes += texts_.parts[i].bytes;
  }
  out["mean"] = sum / double(std::max<int64_t>(1, bytes));
  std::vector<double> shares;
  for (const Quantile& q : kQuantiles) shares.push_back(q.share);
  const std::vector<float> values = scores.quantiles(shares);
  for (size_t i = 0; i < values.size(); ++i) out["quantiles"][kQuantiles[i].name] = values[i];
  if (source < int64_t(judged_.size()) && judged_[size_t(source)]) {
    const ScoreCut::Limits& l = limits_[size_t(source)];
    scores.each([&](const DraftScore& s) { kept += l.holds(s.value) && s.value > s.above; });
    out["kept"] = kept;
    out["limits"] = {number_or_nothing(l.least), number_or_nothing(l.most)};
  }
  tell_of(out);
  return out;
}

std::unique_ptr<Judge> ScoringStep::judge(int64_t part) const {
  const StagedDrafts::Part& from = texts_.parts[size_t(part)];
  if (!judged_[size_t(from.source)]) return std::make_unique<EveryoneStays>();
  return std::make_unique<ScoreJudge>(read_scores(path(part), from.documents),
                                      limits_[size_t(from.source)]);
}
}  // namespace cambium
