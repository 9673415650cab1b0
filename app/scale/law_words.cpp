// What `cambium explain` says of scaling laws.
#include "app/tables/catalogue.h"
#include "search/laws/law.h"

namespace cambium {
void add_law_words(std::vector<CatalogueEntry>& all) {
  for (const Law* law : builtin_laws()) {
    CatalogueEntry e{.kind = "law", .name = std::string(law->name), .doc = std::string(law->doc)};
    e.formula = law->formula;
    e.source = law->paper;
    for (Quantity q : law->needs) e.accepts += str(e.accepts.empty() ? "" : ", ", quantity_name(q));
    if (law->answers != "loss") e.accepts += str(", ", law->answers);
    if (law->of_schedules) e.accepts = "curves of step, lr, loss";
    for (const LawParameter& p : law->parameters) e.doc += str("\n", p.name, ": ", p.doc);
    e.example =
        str("cambium scale ", law->of_schedules ? "curves" : "points", ".csv --law ", law->name);
    all.push_back(std::move(e));
  }
}
}  // namespace cambium
