// Leaks: what a model's answers must not hear. On next-token data an answer at place t must not
// hear x at t + 1, which it is asked for, or what comes after it; a decoder likewise of what it has
// written; on no data may one example of a batch hear another; and what is real may not hear
// padding. Decided on the graph of evaluation, for all weights at once: graph/reach/reach.h.
#pragma once
#include "graph/reach/reach.h"
#include "train/spec/experiment.h"

namespace cambium {
struct Leak {
  enum Kind { kLater, kOtherExample, kPadding } kind;

  UserError error;  // the block that lets it in, what it hears, and a cure
};

// The first leak of the model, none in a model that cannot cheat.
std::optional<Leak> find_leak(const Experiment& e);

// The same of a graph of evaluation, built for the data's `shape` of a few examples.
std::optional<Leak> find_leak(const Model& model, const DataShape& shape);

// The batch that leaks are looked for in: examples at the graph's inputs, of which every second
// half is padding where the data pads.
class LeakProbe {
 public:
  // `source` is the input of content whose places are followed.
  LeakProbe(const DataShape& shape, std::string source);

  std::optional<Reach> leaf(const Node& n) const;

  int64_t examples() const { return examples_; }

  int64_t places() const { return places_; }

  // Of the examples' places, those that are not padding.
  int64_t real() const { return real_; }

 private:
  Reach source_reach(const Shape& s) const;
  std::shared_ptr<const Adjacency> edges_within_examples(const Shape& adjacency) const;

  DataShape shape_;
  std::string source_;
  int64_t examples_, places_, real_;
  std::shared_ptr<const Adjacency> adjacency_;
};
}  // namespace cambium
