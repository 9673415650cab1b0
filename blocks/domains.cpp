#include "blocks/domains.h"

#include <algorithm>

#include "core/text/suggest.h"

namespace cambium {
namespace {
// What to put before a block that wants `to` when the stream is `from`; empty when nothing helps.
std::string adapter(Domain from, Domain to) {
  using enum Domain;
  if (from == kIds && to == kTokens) return "`embed`";
  if (from == kIds && to == kVector) return "`embed` and `pool`";
  if (from == kIds && to == kGraph) return "`embed` and `tokens_to_graph`";
  if (from == kIds && to == kGrid) return "`embed` and `tokens_to_grid`";
  if (from == kGrid && to == kTokens) return "`grid_to_tokens` or `patch_embed`";
  if (from == kGrid && to == kGraph) return "`grid_to_tokens` and `tokens_to_graph`";
  if (from == kTokens && to == kGrid) return "`tokens_to_grid`";
  if (from == kTokens && to == kGraph) return "`tokens_to_graph`";
  if (from == kGraph && to == kTokens) return "`graph_to_tokens`";
  if (from == kGraph && to == kGrid) return "`graph_to_tokens` and `tokens_to_grid`";
  if (from != kVector && to == kVector) return "`pool` or `flatten`";
  return "";
}
}  // namespace

std::string phrase_of(Domain d) {
  switch (d) {
    case Domain::kIds:
      return "token ids";
    case Domain::kGrid:
      return "a grid";
    case Domain::kGraph:
      return "a graph";
    case Domain::kVector:
      return "a vector";
    case Domain::kTokens:
      break;
  }
  return "tokens";
}

std::string shape_text(const Stream& s) {
  std::string text = s.shape().text();
  if (s.domain == Domain::kGraph || s.shape().rank() == 0) return text;
  return "[B" + text.substr(std::min(text.find_first_of(",]"), text.size()));
}

std::string describe(const Stream& s) {
  return str(phrase_of(s.domain), " ", shape_text(s));
}

std::string adapter_help(Domain from, std::span<const Domain> to) {
  for (Domain d : to)
    if (const std::string a = adapter(from, d); !a.empty()) return str("put ", a, " before it");
  if (from == Domain::kVector) return "a vector has no places left: move the block before `pool`";
  return {};
}

void check_domain(const Block& block, const Stream& s, const Mark& mark) {
  if (block.accepts.empty() || std::ranges::count(block.accepts, s.domain)) return;
  std::vector<std::string> wanted;
  for (Domain d : block.accepts) wanted.push_back(phrase_of(d));
  const bool no_grid =
      s.domain == Domain::kGraph && s.rows == 0 &&
      std::ranges::all_of(block.accepts, [](Domain d) { return d == Domain::kGrid; });
  throw UserError(str(block.name, " takes ", join_names(wanted, " or "), ", got ", describe(s)),
                  no_grid
                      ? "the nodes of this graph lie on no grid: use a block for graphs, such as "
                        "gcn or gat"
                      : adapter_help(s.domain, block.accepts),
                  mark);
}
}  // namespace cambium
