// Warm start: which tensor of a checkpoint starts which tensor of a model, by patterns of names,
// and what became of every tensor of both sides.
#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/tensor/weight_files.h"
#include "graph/run/executor.h"

namespace cambium {
// The names of a checkpoint's tensors that match `from` become `to`, each * of which stands for
// what the * in the same place of `from` stood for: {"encoder.*", "*"} takes a prefix away.
struct WarmRule {
  std::string from, to;
  Mark mark = {};  // of the rule, for errors
};

enum class WarmFate {
  kCopied,     // the model's tensor starts as the checkpoint's
  kOtherType,  // both are there, in other shapes or types: the model's starts fresh
  kNotAsked,   // of the checkpoint: no rule takes it, or the model has none of that name
  kMissing,    // of the model: no tensor comes to it, it starts fresh
};

// "copied", "other shape or type" ...
std::string_view name_of(WarmFate fate);

struct WarmRow {
  WarmFate fate;
  std::string from,
      to;  // names of the checkpoint's and of the model's tensor; empty: there is none
  ValueType has, wants;  // their types, where they are
};

// What each tensor of a model is called and holds: parameters and running statistics of the graph
// that model_graph() makes, which has nothing of an optimizer's.
std::map<std::string, ValueType> weights_of(const Graph& model);

std::map<std::string, ValueType> types_of(const Tensors& tensors);

// A row for every tensor of the model, in the order of names, then one for every tensor of the
// checkpoint that came to none. The first rule that matches a name decides; without rules every
// name stays. UserErrors, each with a cure: a rule whose patterns have different numbers of *, one
// that no tensor matches, and two tensors that come to one name.
std::vector<WarmRow> match_weights(const std::map<std::string, ValueType>& given,
                                   const std::map<std::string, ValueType>& wanted,
                                   std::span<const WarmRule> rules);

// Copies what can be copied of a checkpoint into the store's tensors, and answers the whole table.
std::vector<WarmRow> warm_start(Store& store, const std::map<std::string, ValueType>& wanted,
                                const Tensors& given, std::span<const WarmRule> rules);

// "12 tensors are copied, 1 other shape or type, ..." and a line for each that is not copied.
std::string table_text(std::span<const WarmRow> rows);

// UserError, naming what is not, unless every tensor of both sides is copied. `origin` says whose.
void require_all_copied(std::span<const WarmRow> rows, const std::string& origin);

// The same tensors under their new names; what no rule takes keeps its own. Errors as above.
Tensors renamed(Tensors tensors, std::span<const WarmRule> rules);
}  // namespace cambium
