#include "data/curation/scoring/score_files.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/system/files.h"
#include "core/system/new_file.h"
#include "data/curation/support/limits.h"

namespace cambium {
namespace {
constexpr float kInfinite = std::numeric_limits<float>::infinity();

// Whole numbers in the order of the floats, and back.
uint32_t sortable_of(float score) {
  const auto bits = std::bit_cast<uint32_t>(score);
  return bits >> 31 ? ~bits : bits | 0x80000000;
}

float score_of(uint32_t sortable) {
  return std::bit_cast<float>(sortable >> 31 ? sortable & 0x7FFFFFFF : ~sortable);
}

// Rounding must not make 29 % of 100 documents 28.
int64_t floor_of(double share, int64_t n) {
  return int64_t(std::floor(share * double(n) + 1e-9));
}

int64_t ceil_of(double share, int64_t n) {
  return int64_t(std::ceil(share * double(n) - 1e-9));
}
}  // namespace

void write_scores(const std::string& path, std::span<const DraftScore> scores) {
  std::vector<float> numbers;
  for (const DraftScore& s : scores) numbers.push_back(s.value);
  if (std::ranges::any_of(scores, [](const DraftScore& s) { return s.above != -kInfinite; }))
    for (const DraftScore& s : scores) numbers.push_back(s.above);
  NewFile out(path);
  out.write(std::as_bytes(std::span(numbers)));
  out.commit();
}

std::vector<DraftScore> read_scores(const std::string& path, int64_t documents) {
  const std::string bytes = read_file(path);
  const auto n = size_t(documents), one = n * sizeof(float);
  ensure(bytes.size() == one || bytes.size() == 2 * one, path, " holds ", bytes.size(),
         " bytes for ", documents, " scores");
  std::vector<DraftScore> scores(n);
  for (size_t i = 0; i < n; ++i) {
    std::memcpy(&scores[i].value, bytes.data() + i * sizeof(float), sizeof(float));
    if (bytes.size() > one)
      std::memcpy(&scores[i].above, bytes.data() + one + i * sizeof(float), sizeof(float));
  }
  return scores;
}

ScoreList::ScoreList(std::vector<File> files) : files_(std::move(files)) {
  for (const File& f : files_) count_ += f.documents;
}

void ScoreList::each(const std::function<void(const DraftScore&)>& f) const {
  for (const File& file : files_)
    for (const DraftScore& s : read_scores(file.path, file.documents)) f(s);
}

// Counts by the upper half of a score's bits, then by the lower half where a rank falls.
std::vector<float> ScoreList::at(std::span<const int64_t> ranks) const {
  constexpr size_t kHalf = 1 << 16;
  std::vector<int64_t> upper(kHalf);
  each([&](const DraftScore& s) { ++upper[sortable_of(s.value) >> 16]; });
  std::map<uint32_t, std::vector<int64_t>> lower;
  std::vector<std::pair<uint32_t, int64_t>> places;  // the upper half, the rank among those
  for (int64_t rank : ranks) {
    ensure(rank >= 0 && rank < count_, "rank ", rank, " of ", count_, " scores");
    uint32_t half = 0;
    while (rank >= upper[half]) rank -= upper[half++];
    places.emplace_back(half, rank);
    lower[half].resize(kHalf);
  }
  each([&](const DraftScore& s) {
    const uint32_t bits = sortable_of(s.value);
    if (const auto in = lower.find(bits >> 16); in != lower.end()) ++in->second[bits % kHalf];
  });
  std::vector<float> out;
  for (auto [half, rank] : places) {
    const std::vector<int64_t>& counts = lower[half];
    uint32_t low = 0;
    while (rank >= counts[low]) rank -= counts[low++];
    out.push_back(score_of(half << 16 | low));
  }
  return out;
}

std::vector<float> ScoreList::quantiles(std::span<const double> shares) const {
  std::vector<int64_t> ranks;
  for (const double share : shares)
    ranks.push_back(std::max<int64_t>(0, ceil_of(share, count_) - 1));
  return at(ranks);
}

ScoreCut::Limits ScoreCut::limits(const ScoreList& scores) const {
  if (!percent) return {float(least), float(most)};  // rounded as the scores are
  const int64_t n = scores.count();
  if (n == 0) return {-kInfinite, kInfinite};
  const int64_t first = floor_of(least, n), last = ceil_of(most, n) - 1;
  const auto ends = scores.at(
      std::vector{std::clamp<int64_t>(first, 0, n - 1), std::clamp<int64_t>(last, 0, n - 1)});
  return {least > 0 ? ends[0] : -kInfinite, most < 1 ? ends[1] : kInfinite};
}

ScoreCut cut_from(const std::string& option, const std::string& text) {
  const Limits limits = limits_from(option, text);
  const size_t dots = text.find("..");
  const std::string_view first = std::string_view(text).substr(0, dots),
                         second = std::string_view(text).substr(dots + 2);
  const bool percent = first.ends_with('%') || second.ends_with('%');
  ScoreCut cut{percent, limits.least, limits.most};
  if (!percent) return cut;
  if ((!first.empty() && !first.ends_with('%')) || (!second.empty() && !second.ends_with('%')))
    throw OptionError(option, str("'", text, "' is half a share and half a score"),
                      "write both ends with a percent sign, or none");
  cut.least = first.empty() ? 0 : limits.least;
  cut.most = second.empty() ? 1 : limits.most;
  if (cut.least < 0 || cut.most > 1 || cut.least > cut.most)
    throw OptionError(option, str("'", text, "' goes beyond all documents"),
                      "shares are from 0% to 100%");
  return cut;
}
}  // namespace cambium
