// route(scores [N,E], mask [N] or left out; top_k, capacity) -> weight [N,K], chosen i32 [N,K],
// slot i32 [N,K], token i32 [R], counts i32 [E], share [E]: who works on which token in a mixture
// of experts.
//   chosen[n] = the K experts with the highest scores of token n (of equals the first),
//   weight[n,k] = scores[n, chosen[n,k]]. Rows for the experts lie sorted by expert, within one in
//   the order of tokens: choice (n,k) is row slot[n,k] and row r holds token[r]; expert e has
//   counts[e] rows. With a capacity an expert takes the first ceil(capacity M K / E) choices that
//   fall on it, M the number of tokens, and at least one; the others are dropped, slot -1. R = N K,
//   or E times what an expert takes when that is less; rows that nobody uses stand last, token 0.
//   share[e] = the part of all choices that fell on e, dropped or not.
// Tokens whose mask is below 1/2 are padding: they have no row, slot -1, and count neither in M nor
// in the shares. Tokens are served in order, all choices of one before the next: what a token gets
// does not depend on later ones. dscores[n, chosen[n,k]] = dweight[n,k]: route_grad. Fedus et al.
// 2021, arXiv 2101.03961, section 2.
#include <algorithm>
#include <cmath>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/attention/support/row_mask.h"
#include "ops/message/support/edge_reach.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/scratch.h"
#include "ops/support/shapes.h"

namespace cambium::op_route {
namespace {
struct Route {
  int64_t top_k = 1;
  double capacity = 0;
  static constexpr auto fields = std::tuple{
      field("top_k", &Route::top_k, "experts a token").in(1),
      field("capacity", &Route::capacity, "most rows of an expert / its even share; 0: all").in(0)};
};

enum Input { kScores, kMask };

enum Output { kWeight, kChosen, kSlot, kToken, kCounts, kShare };

struct Sizes {
  int64_t N, E, K;
  double capacity;

  // Rows that an expert takes of `tokens`.
  int64_t most(int64_t tokens) const {
    const int64_t choices = tokens * K;
    if (capacity == 0 || choices == 0) return choices;
    const double share = std::ceil(capacity * double(choices) / double(E));
    return share < double(choices) ? std::max<int64_t>(1, int64_t(share)) : choices;
  }

  int64_t rows() const { return std::min(N * K, E * most(N)); }
};

Sizes sizes(const Call& c) {
  const auto& [k, capacity] = c.as<Route>();
  return {c.shape(kScores)[0], c.shape(kScores)[1], k, capacity};
}

std::vector<ValueType> shape(const Call& c) {
  require_f32(c, kScores);
  require(c.shape(kScores).rank() == 2, "scores must be [N,E], got ", c.shape(kScores));
  const ValueType mask{DType::kF32, {c.shape(kScores)[0]}};
  require(!c.has(kMask) || c.in[kMask].type() == mask, "the mask must be ", mask);
  const Sizes z = sizes(c);
  require(z.K <= z.E, "top_k = ", z.K, " of ", z.E, " experts");
  const ValueType choices{DType::kI32, {z.N, z.K}};
  return {
      {DType::kF32, {z.N, z.K}}, choices, choices, {DType::kI32, {z.rows()}}, {DType::kI32, {z.E}},
      {DType::kF32, {z.E}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  std::vector<Value> d(c.in.size());
  d[kScores] =
      dy[0].graph->emit("route_grad", {c.out[kChosen], dy[0]}, {{"experts", c.shape(kScores)[1]}});
  return d;
}

// Whether score x is above y. NaN is the highest, so that the weight shows it.
template <class Score> bool is_above(Score x, Score y) {
  return x > y || (x != x && y == y);
}

// The K best of E scores, and their values.
template <class Score, class Int>
void choose(const Score* scores, const Sizes& z, Score* weight, Int* chosen) {
  for (int64_t k = 0; k < z.K; ++k) {
    int64_t best = -1;
    for (int64_t e = 0; e < z.E; ++e)
      if (std::find(chosen, chosen + k, Int(e)) == chosen + k &&
          (best < 0 || is_above(scores[e], scores[best])))
        best = e;
    chosen[k] = Int(best);
    weight[k] = scores[best];
  }
}

// Gives the choices their rows; `mask` may be null, `begin` is scratch for E numbers.
template <class Int, class Float>
void place(const Sizes& z, const Float* mask, const Int* chosen, Int* slot, Int* token, Int* counts,
           Float* share, Int* begin) {
  std::fill_n(counts, z.E, Int(0));
  std::fill_n(share, z.E, Float(0));
  std::fill_n(token, z.rows(), Int(0));
  const int64_t tokens = count_real(mask, 0, z.N);
  const int64_t most = z.most(tokens);
  for (int64_t i = 0; i < z.N * z.K; ++i) {
    slot[i] = Int(-1);
    if (!is_real(mask, i / z.K)) continue;
    const auto e = int64_t(chosen[i]);
    share[e] += 1;
    const bool room = counts[e] < Int(most);
    if (room) slot[i] = counts[e];
    counts[e] += Int(room);
  }
  Int rows = 0;
  for (int64_t e = 0; e < z.E; ++e) {
    begin[e] = rows;
    rows += counts[e];
    share[e] /= Float(std::max<int64_t>(1, tokens * z.K));
  }
  for (int64_t i = 0; i < z.N * z.K; ++i) {
    if (slot[i] < 0) continue;
    slot[i] += begin[int64_t(chosen[i])];
    token[int64_t(slot[i])] = Int(i / z.K);
  }
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Sizes z = sizes(c);
  const auto of = [&](Output o) { return out[o].data.data(); };
  for (int64_t n = 0; n < z.N; ++n)
    choose(in[0].data.data() + n * z.E, z, of(kWeight) + n * z.K, of(kChosen) + n * z.K);
  std::vector<double> begin(size_t(z.E), 0.0);
  const double* mask = c.has(kMask) ? in[kMask].data.data() : nullptr;
  place(z, mask, of(kChosen), of(kSlot), of(kToken), of(kCounts), of(kShare), begin.data());
}

Kernel kernel(const Call& c, Engine&) {
  const Sizes z = sizes(c);
  Scratch scratch;
  scratch.add(z.E * int64_t(sizeof(int32_t)));
  const auto run = [z, masked = c.has(kMask)](const KernelArgs& args) {
    const auto ints = [&](Output o) { return static_cast<int32_t*>(args.out[o]); };
    int32_t* chosen = ints(kChosen);
    const int64_t grain = std::max<int64_t>(1, 16384 / (z.E * z.K + 1));
    parallel_for(z.N, grain, [&](int64_t first, int64_t last) {
      for (int64_t n = first; n < last; ++n)
        choose(args.f32(0) + n * z.E, z, args.out_f32(kWeight) + n * z.K, chosen + n * z.K);
    });
    place(z, masked ? args.f32(kMask) : nullptr, chosen, ints(kSlot), ints(kToken), ints(kCounts),
          args.out_f32(kShare), reinterpret_cast<int32_t*>(args.scratch));
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}

Cost cost(const Call& c) {
  const Sizes z = sizes(c);
  return {.flops = double(z.N * z.E * z.K),
          .bytes = 4 * double(z.N * z.E + 3 * z.N * z.K + z.rows() + 2 * z.E)};
}

SampleInput mask(int64_t tokens) {
  return {Shape{tokens}, 0, 1};
}

// Which row a choice gets is told by one order that it may choose: the first K experts for every
// token. With a capacity a choice hears all tokens before it, which may have filled its expert.
// Where rows stand is undone by weighted_rows, so that rows and counts are no news.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const Sizes z = sizes(c);
  if (z.N * z.K == 0) return;
  Reach tokens = without_channels(in[kScores]);
  if (c.has(kMask)) tokens = joined(tokens, in[kMask], tokens.shape);
  const Reach earlier = along(tokens, 0, z.N, [](int64_t n, const Hear& hear) { hear(0, n + 1); });
  const bool mask = c.has(kMask), known = !mask || in[kMask].known;
  if (known) {
    Ref scores{std::vector<double>(size_t(z.N * z.E))};
    for (int64_t i = 0; i < z.N * z.E; ++i) scores[i] = -double(i % z.E);
    std::vector<Ref> args = {std::move(scores)}, numbers;
    if (mask) args.push_back(*in[kMask].known);
    for (const Reach& r : out) numbers.push_back({std::vector<double>(size_t(r.shape.count()))});
    reference(c, args, numbers);
    for (int i : {kSlot, kToken, kCounts})
      out[size_t(i)].known = std::make_shared<const Ref>(std::move(numbers[size_t(i)]));
  }
  out[kWeight] = with_channels(tokens, out[kWeight].shape);
  out[kChosen] = with_channels(tokens, out[kChosen].shape);
  auto slots = out[kSlot].known;
  out[kSlot] = with_channels(z.capacity > 0 ? earlier : tokens, out[kSlot].shape);
  out[kSlot].known = std::move(slots);
  join_whole(out[kShare], whole(tokens));
}
}  // namespace

extern const Op op_route;
const Op op_route = {.name = "route",
                     .doc = "the experts of each token, and the tokens of each expert in rows",
                     .min_inputs = 1,
                     .max_inputs = 2,
                     .attrs = fields_of<Route>,
                     .shape = shape,
                     .vjp = vjp,
                     .reference = reference,
                     .kernel = kernel,
                     .cost = cost,
                     .reach = reach,
                     .batch_means =
                         [](const Call& c) {
                           return BatchMeans{c.shape(0)[0], c.shape(0)[1]};
                         },
                     .onnx = onnx_route,
                     .samples = {{{Shape{7, 4}}, {{"top_k", 2}}},
                                 {{Shape{7, 4}}, {{"top_k", 2}, {"capacity", 0.8}}},
                                 {{Shape{33, 5}}, {{"capacity", 1.0}}},
                                 {{Shape{1, 1}}, {}},
                                 {{Shape{3, 3}}, {{"top_k", 3}, {"capacity", 100.0}}},
                                 {{Shape{3000, 9}}, {{"top_k", 3}, {"capacity", 0.9}}},
                                 {{Shape{40, 5}, mask(40)}, {{"top_k", 2}}},
                                 {{Shape{40, 5}, mask(40)}, {{"top_k", 2}, {"capacity", 0.7}}},
                                 {{Shape{3, 2}, SampleInput(Shape{3}, 0, 0.4)}},
                                 {{Shape{0, 3}}, {{"top_k", 2}, {"capacity", 2.0}}}}};
}  // namespace cambium::op_route
