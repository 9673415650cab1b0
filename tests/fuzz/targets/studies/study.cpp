// Studies: the file itself and each variant's spec, which starts from one small model.
#include "search/study/study.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_study {
extern const FuzzTarget fuzz_study = {
    .name = "study", .reads = {}, .run = [](std::string_view bytes) {
      file_of("m.yaml",
              "vars: {dim: 8}\ndata: {markov_text: {symbols: 8, order: 1, context: 16}}\n"
              "model: [{embed: $dim}, {linear: $vocab}]\ntrain: {steps: 2}\n");
      const Study study = load_study(file_of("study.yaml", bytes));
      for (const Variant& v : study.variants) variant_spec(study, v);
    }};
}  // namespace cambium::fuzz_study
