// N-gram language models: the floor that a neural language model has to beat.
#pragma once
#include <cstdint>
#include <span>

namespace cambium {
// Mean negative log probability (nats) of text[train ..] under an interpolated n-gram model that
// counted text[.. train], with contexts of up to order - 1 symbols and, for a context h seen c(h)
// times before T(h) different symbols,
//   p(w | h) = (c(hw) + T(h) p(w | h')) / (c(h) + T(h)),   h' = h without its first symbol,
// down to the uniform distribution over `classes` symbols (Witten and Bell 1991, method C).
// Needs 0 < train < text.size(), order >= 1, symbols in [0, classes). O(order n log n).
double witten_bell_loss(std::span<const int32_t> text, int64_t train, int64_t classes,
                        int64_t order);
}  // namespace cambium
