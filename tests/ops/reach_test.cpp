// What every operator says it hears, against its reference: an element that is changed changes no
// output element that does not claim to hear it.
#include "ops/support/reach.h"

#include <gtest/gtest.h>

#include "tests/support/op_case.h"

namespace cambium::reach_test {
namespace {
constexpr int64_t kMostNumbers = 6'000;  // of a sample that is tried

std::string describe(const Sample& s) {
  std::string text;
  for (const SampleInput& i : s.inputs) text += (i.absent ? "none" : i.type.text()) + " ";
  for (const Arg& a : s.args) text += a.name + "=" + a.value.text() + " ";
  return text;
}

// Two axes of an input that stand for examples and places; the second may be none.
struct Axes {
  int example, place;
};

std::vector<Axes> axes_of(const Shape& s) {
  std::vector<Axes> out;
  for (int a = 0; a < s.rank(); ++a)
    for (int b = a + 1; b < s.rank(); ++b) out.push_back({a, b});
  if (s.rank() == 1) out.push_back({0, -1});
  return out;
}

int64_t index_along(const Shape& s, int axis, int64_t element) {
  return axis < 0 ? 0 : element / s.count_between(axis + 1, s.rank()) % s[axis];
}

Reach source_of(const Shape& s, Axes axes) {
  Reach r(s);
  for (int a : {axes.example, axes.place})
    if (a >= 0) r.stored.set(a, s[a]);
  r.cells.clear();
  for (int64_t i = 0; i < r.stored.count(); ++i)
    r.cells.push_back(
        Heard::at(index_along(r.stored, axes.example, i), index_along(r.stored, axes.place, i)));
  return r;
}

const Heard& cell_of(const Reach& r, int64_t element) {
  const auto strides = r.strides();
  int64_t at = 0;
  for (int axis = 0; axis < r.shape.rank(); ++axis)
    at += strides[size_t(axis)] * index_along(r.shape, axis, element);
  return r.cells[size_t(at)];
}

bool holds(const Heard& h, int64_t example, int64_t place) {
  return h.first_example <= example && example <= h.last_example && h.first_place <= place &&
         place <= h.last_place;
}

bool differ(double a, double b) {
  return a != b && !(std::isnan(a) && std::isnan(b));
}

class Trial {
 public:
  Trial(const Op& op, const Sample& sample, uint64_t seed)
      : op_(op), sample_(sample), case_(op, sample, seed), random_(seed, stream_of("reach")) {}

  bool tries(size_t i) const {
    return !sample_.inputs[i].absent && sample_.inputs[i].type.dtype != DType::kAdjacency &&
           shape(i).count() > 0 && shape(i).rank() > 0;
  }

  const Shape& shape(size_t i) const { return sample_.inputs[i].type.shape; }

  int64_t numbers() const {
    int64_t n = 0;
    for (const Ref& r : case_.data) n += r.size();
    for (Value v : case_.out) n += v.shape().count();
    return n;
  }

  std::vector<Reach> claim(size_t source, Axes axes, bool others_known) {
    std::vector<Reach> in;
    for (size_t i = 0; i < sample_.inputs.size(); ++i) {
      in.push_back(sample_.inputs[i].absent ? Reach() : Reach(shape(i)));
      if (i == source)
        in[i] = source_of(shape(i), axes);
      else if (tries(i) && others_known)
        in[i] = reach_of_known(shape(i), std::make_shared<const Ref>(case_.data[i]));
      in[i].adjacency = case_.data[i].adjacency;
    }
    return reach_of(op_, case_.call(), in);
  }

  // The outputs with one element of input i changed.
  std::vector<Ref> with_change(size_t i, int64_t element) {
    double& x = case_.data[i][element];
    const double before = x;
    const SampleInput& input = sample_.inputs[i];
    const double other = input.lo + random_.uniform() * (input.hi - input.lo);
    if (input.type.dtype == DType::kF32 || input.type.dtype == DType::kBf16)
      x = input.lo < input.hi ? other : before + random_.normal();
    else
      x = std::floor(other);
    std::vector<Ref> out = case_.reference();
    x = before;
    return out;
  }

  std::vector<Ref> unchanged() { return case_.reference(); }

  // Integers say where rows stand; what is made of them is what counts.
  bool counts(size_t output) const {
    const DType t = case_.out[output].type().dtype;
    return t == DType::kF32 || t == DType::kBf16;
  }

  size_t inputs() const { return sample_.inputs.size(); }

  int64_t some(int64_t n) { return int64_t(random_.below(uint32_t(n))); }

 private:
  const Op& op_;
  const Sample& sample_;
  OpCase case_;
  Random random_;
};

class OpReach : public testing::TestWithParam<const Op*> {};

struct Claim {
  Axes axes;
  bool others_known;
  std::vector<Reach> out;
};

// How many elements change or are said to be zero against a claim.
int64_t broken(const Claim& claim, const Shape& source, int64_t element,
               const std::vector<Ref>& before, const std::vector<Ref>& after, const Trial& trial) {
  const int64_t example = index_along(source, claim.axes.example, element);
  const int64_t place = index_along(source, claim.axes.place, element);
  int64_t wrong = 0;
  for (size_t o = 0; o < before.size(); ++o) {
    if (!trial.counts(o)) continue;
    for (int64_t k = 0; k < before[o].size(); ++k) {
      const Heard& h = cell_of(claim.out[o], k);
      wrong += differ(before[o][k], after[o][k]) && !holds(h, example, place);
      wrong += h.zero && after[o][k] != 0;
    }
  }
  return wrong;
}

TEST_P(OpReach, ClaimsEveryElementThatItHears) {
  for (const Sample& s : GetParam()->samples) {
    Trial trial(*GetParam(), s, 1);
    if (trial.numbers() > kMostNumbers) continue;
    const std::vector<Ref> before = trial.unchanged();
    for (size_t i = 0; i < trial.inputs(); ++i) {
      if (!trial.tries(i)) continue;
      std::vector<Claim> claims;
      for (const Axes axes : axes_of(trial.shape(i)))
        for (bool known : {false, true})
          claims.push_back({axes, known, trial.claim(i, axes, known)});
      const int64_t n = trial.shape(i).count();
      for (int64_t step = 0; step < std::min<int64_t>(n, 8); ++step) {
        const int64_t element = step == 0 ? 0 : step == 1 ? n - 1 : trial.some(n);
        const std::vector<Ref> after = trial.with_change(i, element);
        for (const Claim& claim : claims)
          ASSERT_EQ(broken(claim, trial.shape(i), element, before, after, trial), 0)
              << describe(s) << ": input " << i << ", element " << element << ", axes "
              << claim.axes.example << " " << claim.axes.place
              << (claim.others_known ? ", others known" : "");
      }
    }
  }
}

double area(const Heard& h) {
  if (h.nothing()) return 0;
  return double(h.last_example - h.first_example + 1) * double(h.last_place - h.first_place + 1);
}

// What the first output's elements hear of input i, its first two axes seen: claimed, and found by
// changing each element.
struct Areas {
  double claimed = 0, found = 0;
};

Areas areas_of(const Op& op, const Sample& s, size_t i) {
  // Examples and places of [B,T,...]; rows of a matrix and nodes or edges of a graph, whose
  // channels need not be told apart.
  const bool graph = s.inputs[0].type.dtype == DType::kAdjacency;
  const Axes axes = {0, s.inputs[i].type.shape.rank() > 2 && !graph ? 1 : -1};
  std::vector<Heard> found;
  std::vector<Reach> claim;
  for (uint64_t seed : {1, 2, 3}) {
    Trial trial(op, s, seed);
    const Ref before = trial.unchanged()[0];
    found.resize(size_t(before.size()));
    if (claim.empty()) claim = trial.claim(i, axes, true);
    for (int64_t e = 0; e < trial.shape(i).count(); ++e) {
      const Ref after = trial.with_change(i, e)[0];
      const Shape& shape = trial.shape(i);
      for (int64_t k = 0; k < before.size(); ++k)
        if (differ(before[k], after[k]))
          found[size_t(k)].join(
              Heard::at(index_along(shape, axes.example, e), index_along(shape, axes.place, e)));
    }
  }
  Areas sum;
  for (size_t k = 0; k < found.size(); ++k) {
    sum.claimed += area(cell_of(claim[0], int64_t(k)));
    sum.found += area(found[k]);
  }
  return sum;
}

// Of the data, which comes first; what an element hears of weights does not matter. A little more
// is claimed than a few changes find: a unit may be dead, a choice fall the same way.
TEST_P(OpReach, OfExamplesAndPlacesClaimsNoMore) {
  constexpr double kNotFound = 1.5;
  if (GetParam()->reach == reach_all) return;  // of no model's forward graph: ForwardReach
  for (const Sample& s : GetParam()->samples) {
    size_t i = 0;
    while (i < s.inputs.size() && (s.inputs[i].absent || s.inputs[i].type.dtype != DType::kF32))
      ++i;
    if (i == s.inputs.size() || !Trial(*GetParam(), s, 1).counts(0)) continue;
    const Shape& x = s.inputs[i].type.shape;
    const bool empty = std::ranges::any_of(
        s.inputs, [](const SampleInput& in) { return !in.absent && in.type.shape.count() == 0; });
    if (x.rank() < 2 || empty || x.count() > 150) continue;
    const Areas a = areas_of(*GetParam(), s, i);
    if (a.found == 0) continue;  // nothing is real, or one key alone is looked at
    EXPECT_LE(a.claimed, kNotFound * a.found) << describe(s) << ": input " << i;
  }
}

std::vector<const Op*> ops_that(bool (*keep)(const Op&)) {
  std::vector<const Op*> kept;
  for (const Op* op : builtin_ops())
    if (keep(*op)) kept.push_back(op);
  return kept;
}

INSTANTIATE_TEST_SUITE_P(Ops, OpReach, testing::ValuesIn(ops_that([](const Op&) { return true; })),
                         [](const auto& info) { return std::string(info.param->name); });
}  // namespace
}  // namespace cambium::reach_test
