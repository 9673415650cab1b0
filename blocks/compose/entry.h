// Entry: one item of a block list, read: which block, its options, its modifiers.
#pragma once
#include <optional>

#include "blocks/block.h"

namespace cambium {
struct Label {  // a modifier's text; empty when it is not given
  std::string text;
  Mark mark;
};

struct Entry {
  const Block* block = nullptr;      // null: the entry uses a definition
  const Yaml* definition = nullptr;  // the value under `define:`
  BlockUse use;
  Label name, as, from, share;
  bool freeze = false;
  std::optional<bool> recompute;
  bool good = true;  // false: an error in it was reported; it cannot be built
};

using Definitions = std::map<std::string, const Yaml*>;
using Report = std::function<void(UserError)>;

// Reads `- flatten`, `- linear: 64`, `- {conv2d: {width: 64}, name: stem}`. The first key that is
// not a modifier names the block. Reports every mistake in it; nullopt when not even the block is
// known.
std::optional<Entry> read_entry(const Yaml& item, const Vars& vars, const Definitions& definitions,
                                const Report& report);

// The parts of a definition: `define: {mlp: {params: {width: 64}, body: [...]}}`, or a list alone.
struct Definition {
  std::vector<YamlEntry> params;  // a null default: the use must give it
  const Yaml* body = nullptr;     // null: malformed
};

Definition definition_of(const Yaml& value);

// Sets the parameters of the used definition in `local`: the options of the use, evaluated in
// `site`, else the defaults. Reports what is missing or cannot be evaluated; false when anything
// was.
bool bind_parameters(const Entry& entry, const Vars& site, Vars& local, const Report& report);

bool is_pattern_letter(std::string_view key);  // one of A..Z, - and *
}  // namespace cambium
