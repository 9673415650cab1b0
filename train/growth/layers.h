// Layers: which layer of a smaller model each layer of a deeper one starts as.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
// How repeated layers become more. kIdentity: new ones stand between the old, each a copy of the
// one before it that adds nothing to its shortcuts yet, so the model's function stays. kStack: the
// old ones over again (Gong et al. 2019, Efficient training of BERT by progressively stacking).
// kRepeat: each old one several times in turn. The last two change the function.
enum class LayerGrowth { kIdentity, kStack, kRepeat };

std::string_view name_of(LayerGrowth kind);  // "identity", "stack", "repeat"

struct LayerOrigin {
  std::string name;    // of the smaller model's tensor
  bool added = false;  // it belongs to a layer that the smaller model has not
};

// Where each tensor of `large` comes from. Numbers in names are those of repeated layers.
std::map<std::string, LayerOrigin> layer_origins(const std::vector<std::string>& small,
                                                 const std::vector<std::string>& large,
                                                 LayerGrowth kind);
}  // namespace cambium
