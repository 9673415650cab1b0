// What `cambium explain` says of searches: the keys that only they have, and methods.
#include "app/tables/catalogue.h"
#include "search/methods/support/method.h"
#include "search/study/study_keys.h"

namespace cambium {
void add_search_words(std::vector<CatalogueEntry>& all) {
  for (const StudyKey& k : search_keys()) {
    CatalogueEntry e{.kind = "search key", .name = std::string(k.name), .doc = std::string(k.doc)};
    e.example = k.example;
    if (k.options) e.options = k.options();
    all.push_back(std::move(e));
  }
  for (const Method* m : builtin_methods()) {
    CatalogueEntry e{.kind = "method", .name = std::string(m->name), .doc = std::string(m->doc)};
    e.source = m->paper;
    e.options = m->attrs.describe();
    e.accepts = m->many_objectives ? "any number of objectives" : "one objective";
    e.example = str("search: {method: ", m->name, ", trials: 100}");
    all.push_back(std::move(e));
  }
}
}  // namespace cambium
