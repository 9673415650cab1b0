// Reach: which places of which examples of one source each element of a value can depend on, found
// from the graph alone. The question behind it: does the score at place t hear the input at t + 1,
// another example of the batch, or padding?
//
// Every operator answers for itself (Op::reach), and may claim too much but never too little. What
// it claims is a box of examples and places. An axis along which all elements hear the same is
// stored with extent 1, so that channels cost nothing; a Reach is then read as arrays are
// broadcast.
#pragma once
#include <functional>
#include <memory>

#include "graph/graph.h"

namespace cambium {
// What one element hears: places [first_place, last_place] of examples [first_example,
// last_example] of the source; nothing when first > last.
struct Heard {
  int32_t first_example = 1, last_example = 0, first_place = 1, last_place = 0;
  bool zero = false;  // the element is 0 whatever the source holds: a product with it hears nothing

  static Heard at(int64_t example, int64_t place) {
    return {int32_t(example), int32_t(example), int32_t(place), int32_t(place)};
  }

  bool nothing() const { return first_example > last_example; }

  // A sum, a maximum ... of this and the other.
  void join(const Heard& o) {
    zero = false;
    if (o.nothing()) return;
    if (nothing()) {
      first_example = o.first_example, last_example = o.last_example;
      first_place = o.first_place, last_place = o.last_place;
      return;
    }
    first_example = std::min(first_example, o.first_example);
    last_example = std::max(last_example, o.last_example);
    first_place = std::min(first_place, o.first_place);
    last_place = std::max(last_place, o.last_place);
  }

  bool operator==(const Heard&) const = default;
};

struct Reach {
  Reach() : Reach(Shape{}) {}

  explicit Reach(const Shape& of);  // hears nothing

  Shape shape;   // of the value
  Shape stored;  // each extent is the value's, or 1 where all elements along it hear the same
  std::vector<Heard> cells;  // of `stored`, row-major
  // The numbers, where neither the source nor what is trained has a part in them: constants and
  // masks. Of an operator that sorts, those of one order it may choose.
  std::shared_ptr<const Ref> known;
  const Adjacency* adjacency = nullptr;  // of a graph: the edges to follow; null: any

  // Strides in `cells` for indices of the value, 0 along axes that are stored once.
  std::array<int64_t, Shape::kMaxRank> strides() const;

  bool uniform(int axis) const { return stored[axis] == 1; }
};

// Stores axes once along which all cells are the same.
void compact(Reach& r);

// The numbers themselves, and zero wherever they are.
Reach reach_of_known(const Shape& shape, std::shared_ptr<const Ref> numbers);

// What all elements together hear.
Heard whole(const Reach& r);

// `all` in every element, beside what they hear already.
void join_whole(Reach& r, const Heard& all);

// Elements along the axes hear what any of them hears.
Reach mixed(const Reach& r, std::span<const int> axes);

// The axes after the first `kept`.
std::vector<int> axes_after(const Shape& s, int kept);

// The axes mixed and left out, or kept with extent 1: what `to` says.
Reach reduced(const Reach& r, std::span<const int> axes, const Shape& to);

// Moves: the same elements elsewhere.
Reach reshaped(const Reach& r, const Shape& to);
Reach transposed(const Reach& r, std::span<const int64_t> perm);

// Whether `from`, right-aligned, has the extents of `to` or 1.
bool fits(const Shape& from, const Shape& to);

// Of inputs that fit `to`: what each element of a pointwise result hears. A product hears nothing
// where a factor is zero.
Reach joined(const Reach& a, const Reach& b, const Shape& to);
Reach product(const Reach& a, const Reach& b, const Shape& to);

// The same value read by a result of shape `to`, which it fits.
Reach spread(const Reach& r, const Shape& to);

// Element o of a new axis in the place of `axis` hears the elements [begin, end) of the old one
// that spans(o, hear) names by hear(begin, end), in any number of calls; what hears nobody is zero.
using Hear = std::function<void(int64_t begin, int64_t end)>;
using Spans = std::function<void(int64_t o, const Hear& hear)>;
Reach along(const Reach& r, int axis, int64_t extent, const Spans& spans);

// y [..., M, N] = a [..., M, K] b [..., K, N]; only terms count of which neither factor is zero.
Reach contracted(const Reach& a, const Reach& b, const Shape& to);

// Joins over ranges of one line of cells, each in O(log n).
class RangeJoin {
 public:
  explicit RangeJoin(std::vector<Heard> line);
  Heard over(int64_t begin, int64_t end) const;

 private:
  int64_t n_;
  std::vector<Heard> tree_;  // n_ inner nodes, then the leaves
};

// What a leaf of the graph is to the question: the source, known numbers, or (nullopt) a number of
// the model, which hears nothing.
using ReachLeaves = std::function<std::optional<Reach>(const Node&)>;

// The reach of every value the graph's outputs need, by node and output; values nobody needs are
// default Reaches. With kOutputs only those of the outputs stay, each of the others until nobody
// asks for it any more. InternalError for an operator without an answer.
class ReachWalk {
 public:
  enum class Keep { kAll, kOutputs };
  ReachWalk(const Graph& g, const ReachLeaves& leaves, Keep keep = Keep::kAll);

  const Reach& at(Port p) const { return values_[size_t(p.node)][size_t(p.output)]; }

  bool needed(int node) const { return !values_[size_t(node)].empty(); }

 private:
  Reach& of(Port p) { return values_[size_t(p.node)][size_t(p.output)]; }

  std::vector<std::vector<Reach>> values_;
};

// The answer of one use of an op: of its `reference` where all inputs are known, else of its own.
std::vector<Reach> reach_of(const Op& op, const Call& c, std::span<const Reach> in);
}  // namespace cambium
