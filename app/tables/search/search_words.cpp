// What `cambium explain` says of searches: the keys that only they have, and methods.
#include "app/tables/catalogue.h"
#include "search/methods/support/method.h"
#include "search/mixtures/support/form.h"
#include "search/proxies/support/proxy.h"
#include "search/rungs/support/rung_method.h"
#include "search/study/study_keys.h"

namespace cambium {
namespace {
void add_search_topics(std::vector<CatalogueEntry>& all);
}

void add_search_words(std::vector<CatalogueEntry>& all) {
  for (const StudyKey& k : search_keys()) {
    CatalogueEntry e{.kind = "search key", .name = std::string(k.name), .doc = std::string(k.doc)};
    e.example = k.example;
    e.options = parts_of(k);
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
  for (const RungMethod* m : builtin_rung_methods()) {
    CatalogueEntry e{.kind = "rung", .name = std::string(m->name), .doc = std::string(m->doc)};
    e.source = m->paper;
    e.options = m->attrs.describe();
    e.example = str("search: {rungs: {", m->name, ": {keep: 1/3}}, trials: 100}");
    all.push_back(std::move(e));
  }
  for (const Proxy* p : builtin_proxies()) {
    CatalogueEntry e{.kind = "proxy", .name = std::string(p->name), .doc = std::string(p->doc)};
    e.source = p->paper;
    e.accepts = p->needs.empty() ? "any model" : str("models with ", p->needs);
    all.push_back(std::move(e));
  }
  all.push_back(
      {.kind = "search key",
       .name = "when",
       .doc = "beside values or a range of space:, where a dimension has a value at all; "
              "elsewhere its path stays as the base has it",
       .example = "space:\n  model.1.A.window: {when: \"pattern has A\", values: [0, 32]}"});
  add_search_topics(all);
}

namespace {
void add_search_topics(std::vector<CatalogueEntry>& all) {
  all.push_back({.kind = "topic",
                 .name = "study",
                 .doc =
                     "a file with variants:, which `cambium compare` trains from several seeds "
                     "and judges; with scale: it is a ladder for `cambium scale`, with mix: one of "
                     "mixtures for `cambium mix`, with space: a "
                     "search for `cambium search`. `cambium explain \"keys of a study\"` lists "
                     "what it may say",
                 .example = "base: my.yaml\nvariants: {a: {}, b: {vars.dim: 64}}\nseeds: 5"});
  all.push_back(
      {.kind = "topic",
       .name = "ladder",
       .doc = "models of one family at several sizes, each trained for several lengths, "
              "through which `cambium scale` lays a law; see scale",
       .example = "scale: {free: vars.dim, params: [30k, 400k], tokens_per_param: [5, 20]}"});
  std::string forms;
  for (const MixtureForm* f : builtin_mixture_forms())
    forms += str(forms.empty() ? "" : "; ", f->name, ": ", f->doc);
  all.push_back(
      {.kind = "topic",
       .name = "mixtures",
       .doc = str("which shares of a corpus's sources train best: `cambium mix` trains on "
                  "many mixtures, fits how the loss depends on shares, and checks the best "
                  "one foretold; see mix. Forms, of which the one that foretells unseen "
                  "mixtures best is used: ",
                  forms),
       .example = "mix: {runs: 24, target: val.loss.source.books, check: 3}"});
}
}  // namespace
}  // namespace cambium
