// Catalogue: everything a spec can name, and the words that explain it.
#pragma once
#include <string>
#include <vector>

#include "core/fields.h"
#include "core/json_forward.h"

namespace cambium {
struct CatalogueEntry {
  std::string kind;  // operator, block, dataset, optimizer, schedule, command, section, topic
  std::string name, doc;
  std::string family;  // blocks
  std::string formula, source;
  std::string primary;  // the option that a plain value sets
  std::string accepts;  // blocks: "tokens, grid"
  std::string example;
  std::vector<FieldInfo> options;
};

// Everything, by kind and then by name.
std::vector<CatalogueEntry> catalogue();
std::vector<CatalogueEntry> catalogue_of(std::string_view kind);

std::string range_text(const FieldInfo& f);  // "1 to 64", "none|relu", or ""
std::string page_text(const CatalogueEntry& e);
Json to_json(const CatalogueEntry& e);
}  // namespace cambium
