// Pipeline: the way from a model's graph to a plan, as one list of named passes.
#pragma once
#include "train/graphs/step_graph.h"

namespace cambium {
struct Stage {
  enum Kind {
    kTidy,   // of every graph, and again after every pass of kGraph
    kGraph,  // of every graph
    kStep,   // of the forward and backward graph of a step
    kPlans   // when graphs become plans
  } kind;

  std::string_view name, doc;
  Graph (*run)(const Graph&) = nullptr;         // of kTidy and kGraph
  bool (*wanted)(const Experiment&) = nullptr;  // null: always
  bool makes_no_graph = false;                  // a choice of compile()
};

// In order.
std::span<const Stage> pipeline();

// Whether a spec wants the stage of that name, and nobody has put it off.
bool runs_pass(const Experiment& e, std::string_view name);

// UserError, with the nearest names, where the choice names a pass that is not there.
void check_passes(const PassChoice& choice, std::string_view watched = {});

// `g` after the passes of kTidy and kGraph, each of which `e.passes.after` sees where it is the
// graph that is `watched`. RuntimeError where `precision: bf16` is asked of a machine without it.
Graph optimised(const Experiment& e, Graph g, bool watched = false);

// The same of the training graph of a step, watched. Where nobody watches and no pass is off, it
// goes on from what is tidy already.
Graph optimised(const Experiment& e, const Step& step);
}  // namespace cambium
