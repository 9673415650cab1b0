#include "search/candidates/patterns.h"

#include <algorithm>

#include "core/text/suggest.h"
#include "search/space/space_reader.h"
#include "search/study/spec_edit.h"

namespace cambium {
namespace {
constexpr std::string_view kEnd = ".pattern", kCount = "repeat";

// "model.1" of model.1.pattern; empty of any other path.
std::string_view parent_of(const Dimension& d) {
  const std::string_view name = d.name;
  return name.ends_with(kEnd) ? name.substr(0, name.size() - kEnd.size()) : std::string_view();
}
}  // namespace

void check_pattern_letters(const Dimension& d, const Yaml& base) {
  const std::string_view path = parent_of(d);
  const Yaml* parent = path.empty() ? nullptr : value_at_path(base, path);
  if (!parent || !parent->is_map() || !parent->find("pattern") || !parent->find(kCount))
    throw UserError(str("'", d.name, "' is no pattern of the model"),
                    "name the pattern beside a repeat:, such as model.1.pattern", d.mark);
  std::vector<std::string> known;
  for (const YamlEntry& e : parent->entries)
    if (e.key.size() == 1) known.push_back(e.key);
  for (const char letter : d.letters)
    if (!std::ranges::count(known, std::string(1, letter)))
      throw UserError(
          str("'", d.name, "': no blocks are called '", letter, "' beside the pattern"),
          known.empty() ? str("add ", letter, ": [...] there") : str("it has ", join_names(known)),
          d.mark);
}

Yaml apply_model_point(const Yaml& base, const Space& space, const SpacePoint& p) {
  Yaml out = apply_point(base, space, p);
  for (size_t i = 0; i < p.genes.size(); ++i) {
    const Dimension& d = space.dimensions()[i];
    if (d.kind != DimensionKind::kPattern || !p.genes[i].active) continue;
    apply_override(out, str(parent_of(d), ".", kCount), scalar_yaml(str(p.genes[i].letters.size())),
                   d.mark);
  }
  return out;
}

SpacePoint of_one_letter(const SpacePoint& p, size_t pattern, char letter) {
  SpacePoint out = p;
  std::ranges::fill(out.genes[pattern].letters, letter);
  return out;
}
}  // namespace cambium
