// Files of terms.
#include "data/audit/terms/terms.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_terms {
extern const FuzzTarget fuzz_terms = {
    .name = "terms",
    .reads = {"data/audit/terms/term_lists.cpp"},
    .run = [](std::string_view bytes) {
      const TermLists lists = read_terms(file_of("terms.yaml", bytes), "");
      expect(!lists.empty() && !lists.about.empty(), "lists without groups");
      for (const auto* groups : {&lists.terms, &lists.about})
        for (const TermGroup& g : *groups) expect(!g.words.empty(), "a group without words");
    }};
}  // namespace cambium::fuzz_terms
