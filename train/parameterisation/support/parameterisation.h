// Parameterisation: what must change with a model's width and depth so that the settings found on a
// small one, its base, serve a larger one; one file in train/parameterisation/ defines one.
#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "blocks/scaling.h"
#include "core/diagnostics.h"
#include "core/yaml/spec.h"
#include "train/spec/optim.h"

namespace cambium {
// Of a parameter's steps, over those at base: the rate, the weight decay, and the term that Adam
// adds to its root.
struct StepFactors {
  double rate = 1, decay = 1, eps = 1;
};

struct Parameterisation {
  std::string_view name, doc, paper;
  // All null where nothing changes and no base is asked for.
  WeightFactors (*weight)(const WeightGrowth&) = nullptr;
  double (*branch)(double depth) = nullptr;  // also null: says nothing of depth
  StepFactors (*steps)(StepKind, const WeightGrowth&) = nullptr;
  std::vector<StepKind> knows = {};  // the optimizers it has rules for
};

std::span<const Parameterisation* const> builtin_parameterisations();

// What a spec says: `parameterisation: {mup: {base: {vars.dim: 64}}}`.
struct ParameterisationChoice {
  const Parameterisation* record = nullptr;  // standard unless told
  std::vector<YamlEntry> base;               // paths of the spec and their values at base
  Mark mark;                                 // of the name

  bool scales() const { return record && record->weight; }
};

// Adds every mistake to `errors`; null: standard.
ParameterisationChoice parse_parameterisation(const Spec& spec, Diagnostics& errors);

// The spec at its base sizes, in the standard parameterisation.
Spec base_spec(const Spec& spec, const ParameterisationChoice& choice);

// What is larger counts as infinite: the ratio of rates of muP for this kind of weight, which
// CompleteP shares.
double width_rate(StepKind steps, const WeightGrowth& g);
WeightFactors width_factors(const WeightGrowth& g);
}  // namespace cambium
