#include "blocks/compose/families.h"

#include <algorithm>
#include <tuple>

namespace cambium {
namespace {
using Place = std::tuple<std::string, int, int>;

Place place_of(const Mark& mark) {
  return {mark.file, mark.line, mark.column};
}

const Block* block_named(std::string_view name) {
  const auto found =
      std::ranges::find(builtin_blocks(), name, [](const Block* b) { return b->name; });
  return found == builtin_blocks().end() ? nullptr : *found;
}

// Every place of the spec where the name of a block stands.
void find_blocks(const Yaml& yaml, std::map<Place, const Block*>& out) {
  if (yaml.is_scalar())
    if (const Block* b = block_named(yaml.text)) out[place_of(yaml.mark)] = b;
  for (const Yaml& item : yaml.items) find_blocks(item, out);
  for (const YamlEntry& e : yaml.entries) {
    if (const Block* b = block_named(e.key)) out[place_of(e.key_mark)] = b;
    find_blocks(e.value, out);
  }
}
}  // namespace

std::vector<const Block*> blocks_of(const Graph& g, const Yaml& root) {
  std::map<Place, const Block*> places;
  find_blocks(root, places);
  std::vector<const Block*> out;
  for (const Node& n : g.nodes()) {
    const auto found = n.op ? places.find(place_of(n.scope.mark)) : places.end();
    out.push_back(found == places.end() ? nullptr : found->second);
  }
  return out;
}

bool mixes_places(const Block& b) {
  if (b.family == "structure" || b.family == "adapters") return false;
  return !std::ranges::count(b.accepts, Domain::kVector) &&
         !std::ranges::count(b.accepts, Domain::kIds);
}

std::string families_text(const Graph& g, const Yaml& root) {
  std::vector<std::string_view> seen;
  std::string out;
  for (const Block* b : blocks_of(g, root)) {
    if (!b || !mixes_places(*b) || std::ranges::count(seen, b->family)) continue;
    seen.push_back(b->family);
    out += str(out.empty() ? "" : " + ", b->family);
  }
  return out.empty() ? "dense" : out;
}
}  // namespace cambium
