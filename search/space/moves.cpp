#include "search/space/moves.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {
constexpr int kTries = 100;
constexpr double kStep = 0.15;  // standard deviation of a number's move, of its range

int64_t pick(Random& random, int64_t n) {
  return int64_t(random.below(uint32_t(n)));
}

std::string moved_pattern(const Dimension& d, std::string s, Random& random) {
  const auto n = int64_t(s.size());
  const auto place = [&] { return size_t(pick(random, n)); };
  const auto letter = [&] { return d.letters[size_t(pick(random, int64_t(d.letters.size())))]; };
  switch (pick(random, 8)) {
    case 0: {
      const size_t a = place(), b = place();
      std::swap(s[a], s[b]);
      return s;
    }
    case 1:
      if (n < d.longest) s.insert(size_t(pick(random, n + 1)), 1, letter());
      return s;
    case 2:
      if (n > d.shortest) s.erase(place(), 1);
      return s;
    case 3: {  // a piece once more; what is beyond the longest falls off the end
      const size_t from = place(), length = 1 + size_t(pick(random, std::min<int64_t>(4, n)));
      const std::string piece = s.substr(from, length);
      s.insert(from, piece);
      return s.substr(0, size_t(std::max(n, std::min(d.longest, int64_t(s.size())))));
    }
    default:
      s[place()] = letter();
      return s;
  }
}

Gene moved(const Dimension& d, const Gene& gene, Random& random) {
  Gene out = gene;
  if (d.kind == DimensionKind::kPattern) {
    out.letters = moved_pattern(d, gene.letters, random);
  } else if (d.kind == DimensionKind::kChoices) {
    out.index = pick(random, count_of(d));
  } else if (d.kind == DimensionKind::kInt && random.uniform() < 0.5) {
    out.index = std::clamp<int64_t>(gene.index + (random.uniform() < 0.5 ? 1 : -1), 0, d.count - 1);
  } else {
    double unit = unit_of(d, gene) + kStep * random.normal();
    unit = std::abs(unit);
    if (unit > 1) unit = 2 - unit;
    out = gene_of_unit(d, std::clamp(unit, 0.0, 1.0));
  }
  return out;
}

std::string crossed_letters(const Dimension& d, const std::string& a, const std::string& b,
                            Random& random) {
  std::string out = a;
  if (a.size() == b.size()) {
    for (size_t i = 0; i < out.size(); ++i)
      if (random.uniform() < 0.5) out[i] = b[i];
    return out;
  }
  const double cut = random.uniform();
  out = a.substr(0, size_t(cut * double(a.size()) + 0.5)) +
        b.substr(size_t(cut * double(b.size()) + 0.5));
  return in_range(d, {.active = true, .letters = out}) ? out : a;
}
}  // namespace

SpacePoint mutated(const Space& space, const SpacePoint& p, Random& random) {
  std::vector<size_t> can_move;
  for (size_t i = 0; i < p.genes.size(); ++i)
    if (p.genes[i].active && count_of(space.dimensions()[i]) > 1) can_move.push_back(i);
  for (int k = 0; k < kTries && !can_move.empty(); ++k) {
    const size_t i = can_move[size_t(pick(random, int64_t(can_move.size())))];
    SpacePoint out = p;
    out.genes[i] = moved(space.dimensions()[i], p.genes[i], random);
    if (out.genes[i] == p.genes[i]) continue;
    space.settle(out, random);
    if (space.valid(out)) return out;
  }
  return space.draw(random);
}

SpacePoint crossed(const Space& space, const SpacePoint& a, const SpacePoint& b, Random& random) {
  for (int k = 0; k < kTries; ++k) {
    SpacePoint out = a;
    for (size_t i = 0; i < out.genes.size(); ++i) {
      const Dimension& d = space.dimensions()[i];
      if (d.kind == DimensionKind::kPattern && a.genes[i].active && b.genes[i].active)
        out.genes[i].letters = crossed_letters(d, a.genes[i].letters, b.genes[i].letters, random);
      else if (random.uniform() < 0.5)
        out.genes[i] = b.genes[i];
    }
    space.settle(out, random);
    if (space.valid(out)) return out;
  }
  return a;
}
}  // namespace cambium
