// The keys that only searches say, for the list of all (search/study/study_keys.h).
#include "search/study/keys/search_part.h"
#include "search/study/study_keys.h"

namespace cambium {
namespace {
constexpr StudyKey kSearchKeys[] = {
    {"space",
     "what a search varies: a path in the spec, or of a table a name -> a list of choices, a range "
     "{int: [a, b], step: s}, {float: [a, b]} or {log: [a, b]}, or {pattern: LETTERS, length: "
     "a..b}, of blocks that stand beside the pattern, which then is as long as it says. when: says "
     "where it has a value at all. `table`: all rows. A table's key is the values of its columns' "
     "names, or all values in a row",
     "space:\n  model.1.pattern: {pattern: ADM, length: 4..12}\n  vars.heads: [2, 4, 8]\n"
     "  train.optimizer.adamw.lr: {log: [1e-4, 1e-2]}\n"
     "  model.1.A.window: {when: \"pattern has A\", values: [0, 32, 64]}",
     KeyForm::kSpace,
     {},
     read_space,
     nullptr,
     kOfSearches},
    {"where",
     "what a point of the space must fulfil: comparisons (==, !=, <=, >=, <, >) of arithmetic, and "
     "`pattern has A`, joined by `and` and `or`. Of models it may ask for params, flops (forward, "
     "of an example), state_bytes, peak_bytes and variables of the spec: a point that breaks it is "
     "not trained. A condition that asks for a table's result is known by the trial alone: those "
     "that break it are worse than all that do not",
     "where: [\"dim % heads == 0\", \"flops <= 100M\"]",
     KeyForm::kTexts,
     {},
     read_conditions,
     nullptr,
     kOfSearches},
    {"objectives",
     "results to be made large or small; the second and third make a front. Of models: metrics of "
     "validation data, and params, flops, state_bytes, peak_bytes",
     "objectives: {val.accuracy: max, flops: min}",
     KeyForm::kGoals,
     {},
     read_objectives,
     nullptr,
     kOfSearches},
    {"reference",
     "where an objective gains nothing: hypervolume counts from there; the worst row "
     "of the table, or the worst trial, unless told",
     "reference: {accuracy: 85}",
     KeyForm::kAmountOfEach,
     {},
     read_reference,
     nullptr,
     kOfSearches},
    {"search",
     "how a search goes on: its method and what belongs to its list of trials, which is "
     "the same for any number of workers. Of models, rungs: {keep: 1/3} lets trainings pause "
     "inside their schedule, and the best go on; the method is told what the first rung gave",
     "search: {method: {evolution: {population: 20}}, trials: 100, lag: 8}",
     KeyForm::kSearch,
     {},
     read_search,
     nullptr,
     kOfSearches,
     describe_fields<SearchSettings>},
    {"finalists",
     "the best trials, judged by trainings that did not choose them",
     "finalists: {count: 3, seeds: 5}",
     KeyForm::kOptions,
     {},
     read_finalists,
     nullptr,
     kOfSearches,
     describe_fields<FinalistSettings>},
};
}  // namespace

std::span<const StudyKey> search_keys() {
  return kSearchKeys;
}
}  // namespace cambium
