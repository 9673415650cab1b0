// Adapter method: a named way to train a few numbers beside a model whose own numbers stay; one
// file in train/adapters/methods/ defines one. Methods rewrite the forward graph before it is
// differentiated.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "blocks/compose/adapted_uses.h"
#include "core/fields.h"

namespace cambium {
// A place that a method adapts, in the graph that is being made.
class AdapterSite {
 public:
  // `name`: what is adapted, without ".weight"; `path`: the whole name.
  AdapterSite(Graph& graph, std::string name, std::string path, bool training)
      : graph(graph), name(std::move(name)), path(std::move(path)), training(training) {}

  Graph& graph;
  const std::string name, path;
  const bool training;

  std::vector<std::string> tensors;  // that were made here, by name
  int64_t parameters = 0;            // numbers in them

  // The tensor "<name>.<suffix>", made by the first who asks.
  Value parameter(std::string_view suffix, Shape shape, ParameterInfo info);
  Value dropout(Value x, double p);  // x itself unless it trains
};

// What a method asks of a parameter before it adapts it.
struct AdaptedWeight {
  std::string path;
  Shape shape;
  ParameterInfo info;
};

enum class AdapterPlace {
  kWeight,     // a parameter that the model multiplies by, or looks rows up in
  kBlock,      // what leaves a block
  kAttention,  // a softmax over keys
  kOwn,        // parameters of the model itself, which it lets move
};

struct AdapterMethod {
  std::string_view name, doc, paper;
  AdapterPlace place = AdapterPlace::kWeight;
  FieldSet attrs = {};
  std::string_view usual = "";  // patterns where `on` is left out; empty: it must be said
  bool exact_start = true;      // a fresh one changes no bit of the model's answer (-0 = +0)
  bool merges = false;          // what it learned fits into the model's own weights, or is there
  // kWeight: why this parameter is not for it; empty: it is.
  std::string (*refusal)(const Attrs&, const AdaptedWeight&) = nullptr;
  // kWeight: W as it is adapted. The only form for weights that are no operand of a plain product.
  Value (*whole)(const Attrs&, AdapterSite&, const AdaptedWeight&, Value w) = nullptr;
  // kWeight: the result of a product without a gradient of W; none: take `whole`.
  Value (*product)(const Attrs&, AdapterSite&, const AdaptedWeight&, const ProductUse&) = nullptr;
  // kBlock: x [...,C] as it leaves.
  Value (*behind)(const Attrs&, AdapterSite&, Value x) = nullptr;
  // kAttention: the result [B,T,H,E].
  Value (*beside)(const Attrs&, AdapterSite&, const AttentionUse&) = nullptr;
  // kOwn: whether it lets this parameter move. `norm`: it stands in a norm.
  bool (*lets_move)(const Attrs&, const AdaptedWeight&, bool norm) = nullptr;
};

std::span<const AdapterMethod* const> builtin_adapters();

std::string_view what_is_adapted(AdapterPlace place);  // "weight", "block" ...

// "a.q" of "a.q.weight"; another path is its own name.
std::string adapter_name(const std::string& path);
}  // namespace cambium
