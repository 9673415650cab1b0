// Domains: the words for streams in messages, and which adapter leads from one domain to another.
#pragma once
#include "blocks/block.h"

namespace cambium {
std::string phrase_of(Domain d);          // "token ids", "tokens", "a grid", "a graph", ...
std::string shape_text(const Stream& s);  // "[B,28,28,16]": the batch as a letter
std::string describe(const Stream& s);    // "a grid [B,28,28,16]"
std::string adapter_help(Domain from, std::span<const Domain> to);

// UserError naming the adapter to use when the block does not take this stream.
void check_domain(const Block& block, const Stream& s, const Mark& mark);
}  // namespace cambium
