// Evaluation sets: fixed examples that a model is judged by, apart from what it is trained on, so
// that models of different training data are judged by the same.
//   evaluate: {books: {corpus: {path: corpora/books, context: 64}}, web: {text_bytes: web.txt}}
// Their metrics are val.loss.books ... of the validation part, and test.loss.books of the test
// part.
#pragma once
#include "core/diagnostics.h"
#include "core/yaml/spec.h"
#include "data/identity.h"

namespace cambium {
struct EvaluationSet {
  std::string name;
  Mark mark;
  std::shared_ptr<const Dataset> data;
};

// The sets of the section, each opened as `data:` is; what is wrong goes to `errors`.
std::vector<EvaluationSet> open_evaluation_sets(const Yaml& section, const Vars& vars,
                                                uint64_t seed, Diagnostics& errors);

// Adds to `errors` the sets that a model of `data` cannot answer: other shapes, targets or symbols.
void check_evaluation_sets(std::span<const EvaluationSet> sets, const Dataset& data,
                           Diagnostics& errors);

// What a model is trained on, and each set as a part "evaluate.books".
Identity identity_of(const Dataset& data, std::span<const EvaluationSet> sets);

// Examples of the sets in this part, a set that lacks a test part with its validation part.
int64_t set_examples(std::span<const EvaluationSet> sets, Split split);
}  // namespace cambium
