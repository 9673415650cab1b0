#include "data/corpus/windows.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "core/rng.h"

namespace cambium {
namespace {
// Takes a number and the space behind it off a state.
int64_t take_number(std::string_view& state, const std::string& whole) {
  int64_t n = -1;
  const auto [end, error] = std::from_chars(state.data(), state.data() + state.size(), n);
  const auto used = size_t(end - state.data());
  if (error != std::errc() || n < 0 || used == state.size() || state[used] != ' ')
    throw UserError(str("'", whole, "' is no place in a stream of windows"),
                    "begin the epoch again");
  state.remove_prefix(used + 1);
  return n;
}
}  // namespace

void SymbolReader::need() {
  Document document;
  while (used_ == symbols_.size()) {
    std::string at = from_->position();
    if (!from_->next(document))
      throw RuntimeError("the documents end before the windows that were counted in them",
                         "they have changed since they were opened: put them back, or begin anew");
    document_at_ = std::move(at);
    symbols_.clear();
    used_ = 0;
    vocabulary_->append_document(document.text, symbols_);
  }
}

template <class Take> void SymbolReader::advance(int64_t n, const Take& take) {
  while (n > 0) {
    need();
    const size_t some = std::min(size_t(n), symbols_.size() - used_);
    take(std::span<const int32_t>(symbols_).subspan(used_, some));
    used_ += some;
    n -= int64_t(some);
  }
}

void SymbolReader::read(int64_t n, std::vector<int32_t>& to) {
  advance(n, [&](std::span<const int32_t> s) { to.insert(to.end(), s.begin(), s.end()); });
}

void SymbolReader::skip(int64_t n) {
  advance(n, [](std::span<const int32_t>) {});
}

int32_t SymbolReader::peek() {
  need();
  return symbols_[used_];
}

void SymbolReader::read_apart(int64_t n, std::vector<int32_t>& to) {
  need();
  while (used_ + 2 > symbols_.size()) {  // nothing follows it
    used_ = symbols_.size();
    need();
  }
  const size_t some = std::min(size_t(n), symbols_.size() - 1 - used_);
  const std::span window = std::span<const int32_t>(symbols_).subspan(used_, some + 1);
  to.insert(to.end(), window.begin(), window.end());
  to.insert(to.end(), size_t(n) - some, -1);
  used_ += some;
}

void SymbolReader::go_to(const std::string& position) {
  std::string_view rest = position;
  const int64_t used = take_number(rest, position);
  from_->go_to(std::string(rest));
  document_at_ = rest;
  symbols_.clear();
  used_ = 0;
  skip(used);
}

Turns::Turns(std::vector<TurnShares> stages)
    : stages_(std::move(stages)),
      before_(stages_.front().weights.size(), 0),
      given_(stages_.front().weights.size(), 0) {
  for (TurnShares& stage : stages_) {
    const double sum = std::accumulate(stage.weights.begin(), stage.weights.end(), 0.0);
    for (double& w : stage.weights) w /= sum;
  }
}

size_t Turns::next() {
  while (stage_ + 1 < stages_.size() && all_ >= stages_[stage_].end) {
    for (size_t i = 0; i < before_.size(); ++i)
      before_[i] += stages_[stage_].weights[i] * double(all_ - begin_);
    begin_ = all_;
    ++stage_;
  }
  ++all_;
  const std::vector<double>& weights = stages_[stage_].weights;
  size_t most = 0;
  double lag = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < weights.size(); ++i) {
    const double mine = before_[i] + weights[i] * double(all_ - begin_) - double(given_[i]);
    if (mine <= lag || weights[i] == 0) continue;
    lag = mine;
    most = i;
  }
  ++given_[most];
  return most;
}

namespace {
Turns turns_of(const WindowOptions& options, size_t readers) {
  return options.shares.empty() ? Turns(std::vector<double>(readers, 1)) : Turns(options.shares);
}
}  // namespace

WindowStream::WindowStream(std::vector<SymbolReader> readers, const WindowOptions& options)
    : readers_(std::move(readers)), options_(options), turns_(turns_of(options, readers_.size())) {}

void WindowStream::open_block() {
  const int64_t T = options_.context, n = std::min(options_.block, options_.count - first_);
  ensure(n > 0, "window ", first_, " of ", options_.count, " asked for");
  block_at_.clear();
  for (const SymbolReader& r : readers_)
    block_at_ += str(&r == &readers_.front() ? "" : ";", r.position());
  symbols_.clear();
  symbols_.reserve(size_t(n * (T + 1)));
  reader_.clear();
  for (int64_t i = 0; i < n; ++i) {
    reader_.push_back(int32_t(turns_.next()));
    SymbolReader& reader = readers_[size_t(reader_.back())];
    if (options_.apart) {
      reader.read_apart(T, symbols_);
      continue;
    }
    reader.read(T, symbols_);
    symbols_.push_back(reader.peek());
  }
  order_.resize(size_t(n));
  std::iota(order_.begin(), order_.end(), 0);
  if (options_.seed != 0)
    Random(options_.seed, stream_of(str("windows.", first_))).shuffle(std::span(order_));
}

void WindowStream::need() {
  if (at_ < first_ + int64_t(order_.size())) return;
  if (order_.empty())
    for (SymbolReader& r : readers_) r.skip(options_.phase);
  first_ = at_;
  open_block();
}

void WindowStream::next(int64_t examples, Batch& into) {
  const auto T = size_t(options_.context);
  const std::span<int32_t> x = into.x.i32(), target = into.target.i32();
  std::ranges::fill(x, 0);
  std::ranges::fill(target, -1);
  const bool grouped = !options_.groups.empty();
  if (grouped) std::ranges::fill(into.group.i32(), 0);
  for (size_t k = 0; k < size_t(examples); ++k, ++at_) {
    need();
    const int32_t window = order_[size_t(at_ - first_)];
    const auto begin = symbols_.begin() + window * int64_t(T + 1);
    std::ranges::transform(begin, begin + ptrdiff_t(T), x.begin() + ptrdiff_t(k * T),
                           [](int32_t id) { return std::max(id, 0); });
    std::copy_n(begin + 1, T, target.begin() + ptrdiff_t(k * T));
    if (grouped)
      std::fill_n(into.group.i32().begin() + ptrdiff_t(k * T), T,
                  options_.groups[size_t(reader_[size_t(window)])]);
  }
  into.examples = examples;
}

void WindowStream::skip(int64_t examples) {
  for (const int64_t to = at_ + examples; at_ < to;) {
    need();
    at_ = std::min(to, first_ + int64_t(order_.size()));
  }
}

std::string WindowStream::save() const {
  return order_.empty() ? std::string() : str(at_, " ", first_, " ", block_at_);
}

void WindowStream::restore(const std::string& state) {
  if (state.empty()) return;
  std::string_view rest = state;
  at_ = take_number(rest, state);
  first_ = take_number(rest, state);
  require(first_ < options_.count && at_ >= first_ && at_ - first_ <= options_.block &&
              at_ <= options_.count &&
              std::ranges::count(rest, ';') + 1 == int64_t(readers_.size()),
          "'", state, "' is no place in a stream of ", options_.count, " windows");
  for (SymbolReader& r : readers_) {
    const size_t end = std::min(rest.find(';'), rest.size());
    r.go_to(std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (int64_t i = 0; i < first_; ++i) turns_.next();
  open_block();
}
}  // namespace cambium
