// Phrases: words that people write as blocks and that are values of a block's option here.
#pragma once
#include <string>
#include <string_view>

namespace cambium {
// "activation: gelu" for "GELU", "norm: batch" for "nn.BatchNorm2d", "ffn: {activation: swiglu}"
// for "swiglu"; empty when no block has an option that can be set to it.
std::string block_phrase(std::string_view name);
}  // namespace cambium
