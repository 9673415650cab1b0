// Family: the kinds of blocks that the table of methods is about.
#pragma once
#include "blocks/block.h"
#include "train/adapters/method.h"

namespace cambium {
enum class AdapterFamily {
  kLinear,
  kAttention,
  kConvolution,
  kRecurrent,
  kStateSpace,
  kMessagePassing,
  kEmbedding,
};

inline constexpr int kAdapterFamilies = 7;

std::string_view name_of(AdapterFamily family);  // "linear", "attention" ...

// By what makes its result; state spaces include linear attention. None for blocks that hold others
// or lead from one kind of stream to another.
std::optional<AdapterFamily> family_of(const Block& block);

// What is claimed of a method on the blocks of a family, and tested on all their samples.
struct AdapterClaim {
  bool exact_start = false, merges = false;
  std::string_view refused;  // why it finds nothing there; empty: it does
};

AdapterClaim claim_of(const AdapterMethod& method, AdapterFamily family);
}  // namespace cambium
