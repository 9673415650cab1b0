// Catalogue: everything a spec can name, and the words that explain it.
#pragma once
#include <string>
#include <vector>

#include "core/fields.h"
#include "core/text/json_forward.h"

namespace cambium {
struct CatalogueEntry {
  // operator, block, dataset, optimizer, schedule, loss, adapter, metric, section, modifier, study key,
  // search key, method, rung, proxy, law, command, topic
  std::string kind;
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
void add_recipe_words(std::vector<CatalogueEntry>& all);  // app/tables/data/recipe_words.cpp
void add_search_words(std::vector<CatalogueEntry>& all);  // app/tables/search/search_words.cpp
void add_law_words(std::vector<CatalogueEntry>& all);     // app/scale/law_words.cpp
std::vector<CatalogueEntry> catalogue_of(std::string_view kind);

// Every name by kind, for who does not know yet what to ask for.
std::string index_text(const std::vector<CatalogueEntry>& entries);
// "dataset" for "datasets"; empty when no kind is called so.
std::string kind_named(std::string_view name);
// Names with their first sentences.
std::string kind_text(const std::vector<CatalogueEntry>& entries);
// Everything that has an option of this name, and what it is there; empty when nothing has.
std::string option_text(const std::vector<CatalogueEntry>& entries, std::string_view name);

std::string range_text(const FieldInfo& f);  // "1 to 64", "none|relu", or ""
std::string page_text(const CatalogueEntry& e);
Json to_json(const CatalogueEntry& e);
}  // namespace cambium
