#include "search/methods/support/proposer.h"

namespace cambium {
namespace {
constexpr int64_t kAttempts = 50;  // of the method, then of uniform draws
constexpr int kDraws = 2000;
}  // namespace

Proposer::Proposer(const Space& space, ProposerSettings settings)
    : space_(space), settings_(std::move(settings)) {
  ensure(settings_.method && settings_.lag >= 1, "a proposer needs a method and a lag");
  if (settings_.method->check) settings_.method->check(settings_.options, space_);
}

std::string Proposer::key_of(const SpacePoint& p) const {
  return settings_.key ? settings_.key(p) : space_.text(p);
}

bool Proposer::fresh(const SpacePoint& p) const {
  return !keys_.contains(key_of(p)) && space_.valid(p);
}

std::vector<int64_t> Proposer::comparable() const {
  std::vector<int64_t> out;
  const int64_t group = settings_.group(size());
  for (int64_t t = 0; t < size(); ++t)
    if (settings_.group(t) == group) out.push_back(t);
  return out;
}

std::optional<SpacePoint> Proposer::propose(std::vector<int64_t>& parents) {
  std::vector<int64_t> numbers;  // of the history, where it is not all trials
  std::vector<PastTrial> history;
  if (settings_.group) numbers = comparable();
  for (const int64_t t : numbers) history.push_back(trials_[size_t(t)]);
  ProposalInputs in{.space = space_,
                    .options = settings_.options,
                    .seed = settings_.seed,
                    .trial = size(),
                    .history = settings_.group ? history : trials_,
                    .fresh = [this](const SpacePoint& p) { return fresh(p); },
                    .parents = &parents};
  for (; in.attempt < kAttempts; ++in.attempt) {
    parents.clear();
    const std::optional<SpacePoint> p = settings_.method->propose(in);
    if (!p) return std::nullopt;
    if (!fresh(*p)) continue;
    if (settings_.group)
      for (int64_t& parent : parents) parent = numbers[size_t(parent)];
    return p;
  }
  parents.clear();
  return any_fresh();
}

// Uniform draws, then one of all that are left.
std::optional<SpacePoint> Proposer::any_fresh() {
  Random random(settings_.seed, stream_of("search.fresh"), uint64_t(trials_.size()) << 32);
  for (int i = 0; i < kDraws; ++i)
    if (SpacePoint p = space_.draw(random); fresh(p)) return p;
  if (!countable_) countable_ = space_.size(settings_.most_counted).has_value();
  if (!*countable_) return std::nullopt;
  std::optional<SpacePoint> chosen;
  uint32_t seen = 0;
  space_.for_each([&](const SpacePoint& p) {
    if (fresh(p) && random.below(++seen) == 0) chosen = p;
    return true;
  });
  return chosen;
}

void Proposer::add(SpacePoint point, std::vector<int64_t> parents) {
  std::string key = key_of(point);
  keys_.insert(key);
  trials_.push_back({std::move(point), std::move(key), std::nullopt});
  outcomes_.emplace_back();
  parents_.push_back(std::move(parents));
}

void Proposer::restore(SpacePoint point, std::vector<int64_t> parents) {
  add(std::move(point), std::move(parents));
}

Proposer::Next Proposer::next() {
  const int64_t t = size();
  for (; revealed_ <= t - settings_.lag; ++revealed_) {
    const std::optional<TrialOutcome>& outcome = outcomes_[size_t(revealed_)];
    if (!outcome) return {Next::kLater};
    trials_[size_t(revealed_)].outcome = outcome;
  }
  std::vector<int64_t> parents;
  std::optional<SpacePoint> p = propose(parents);
  if (!p) return {Next::kExhausted};
  add(std::move(*p), std::move(parents));
  return {Next::kTrial, t};
}

void Proposer::tell(int64_t trial, TrialOutcome outcome) {
  ensure(trial >= 0 && trial < size() && !outcomes_[size_t(trial)], "trial ", trial,
         " is told twice, or not proposed");
  outcomes_[size_t(trial)] = std::move(outcome);
}
}  // namespace cambium
