// Adapt: the forward graph of a spec with `adapt:`. The model's own parameters are frozen, and run
// as in evaluation, but for those that `also` names; methods (method.h) put tensors of their own
// into the graph, which is differentiated afterwards.
#pragma once
#include <set>

#include "train/adapters/spec.h"
#include "train/spec/experiment.h"

namespace cambium {
// How a method took part at a place.
enum class AdapterForm {
  kBeside,  // beside products, or rows that are looked up: no gradient of the weight is made
  kWhole,   // the weight as a whole changes, and its whole gradient is made
  kMixed,   // one at some of its uses, the other at the rest
  kPlace,   // behind a block, beside attention
  kOwn,     // a parameter of the model itself moves
};

std::string_view text_of(AdapterForm form);

struct AdaptedPlace {
  std::string path;  // of the weight, the block, the operator or the parameter
  std::string_view method;
  AdapterForm form = AdapterForm::kPlace;
  int64_t parameters = 0;            // numbers that it trains there
  std::vector<std::string> tensors;  // that it made, by name
};

struct LeftAlone {
  std::string path;
  std::string_view method;
  std::string why;
};

struct AdapterReport {
  std::vector<AdaptedPlace> places;             // in the order of the graph
  std::vector<LeftAlone> left;                  // met by a pattern, and not adapted
  std::set<std::string> tensors;                // all that methods made
  std::vector<std::string> blocks, attentions;  // what patterns may name beside parameters
};

struct AdaptedGraph {
  Graph graph;
  std::shared_ptr<const AdapterReport> report;  // null: nothing is adapted
};

AdaptedGraph with_adapters(const AdaptSpec& spec, const Graph& model,
                           const std::map<std::string, const Block*>& blocks, bool training);

// `model`: after with_frozen; `blocks`: those of its paths. The graph itself without `adapt:`.
AdaptedGraph with_adapters(const Experiment& e, Graph model,
                           const std::map<std::string, const Block*>& blocks, bool training);

// With everything frozen but what `also` names, whether a method moves it or not: a block of the
// base runs as in evaluation also where its biases learn. The graph itself without `adapt:`.
Graph base_of_adapters(const Experiment& e, const Graph& model);

// UserErrors of the section, at their places: names that meet nothing, or nothing that the method
// can adapt (with why), what two methods adapt, adapters that no answer hears, `also` and `freeze`
// that contradict each other.
void check_adapt(const Experiment& e, const Model& model, Diagnostics& errors);

// The same of what needs no model: it is said first.
void check_adapt_section(const Experiment& e, Diagnostics& errors);

// Names of the tensors that adapters of the model have; none without `adapt:`.
std::set<std::string> adapter_tensors(const Model& model);
}  // namespace cambium
