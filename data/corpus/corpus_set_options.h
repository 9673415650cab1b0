// Options of the dataset `corpus`.
#pragma once
#include <string>
#include <vector>

#include "core/fields.h"

namespace cambium {
struct CorpusSetOptions {
  std::string path, tokenizer, documents = "packed";
  int64_t context = 64, shuffle = 1024, held_out = 4096;
  std::vector<std::string> mixture, weights;
  double temperature = 1, most_epochs = 0;
  static constexpr auto fields = std::tuple{
      field("path", &CorpusSetOptions::path, "the corpus's folder"),
      field("tokenizer", &CorpusSetOptions::tokenizer,
            "the file of a tokenizer: a tokenizer.json, ranks of tiktoken, or a tokenizer.bin of "
            "llama2.c; empty: the bytes of the texts"),
      field("documents", &CorpusSetOptions::documents,
            "packed: windows go on over the ends of documents; apart: each is of one document and "
            "padded behind its end, so that no block carries anything from one into the next")
          .one_of("packed|apart"),
      field("context", &CorpusSetOptions::context, "T: symbols in a window").in(1, 1 << 20),
      field(
          "mixture", &CorpusSetOptions::mixture,
          "a map of sources and their shares of the training windows, {docs: 0.6, books: 0.4}; "
          "those that are not named are not read. Or a list of such maps, stages of the training: "
          "[{until: 50%, docs: 0.8, books: 0.2}, {docs: 0.5, books: 0.5}]; until: 20k is after so "
          "many windows. Empty: as many as each holds"),
      field("weights", &CorpusSetOptions::weights,
            "a map of sources and how much a symbol of each counts in the training loss, "
            "{books: 2}; 1 unless told. Validation counts all alike"),
      field(
          "temperature", &CorpusSetOptions::temperature,
          "without a mixture: shares as the sizes to the power of its inverse; 1: as many as each "
          "holds, larger: nearer to equal shares")
          .in(1, 1e9),
      field("most_epochs", &CorpusSetOptions::most_epochs,
            "times that a training may read a source; a longer one is refused. 0: no limit")
          .in(0),
      field("held_out", &CorpusSetOptions::held_out,
            "most windows of validation and of test, which are held in memory; 0: none, where "
            "evaluate: judges")
          .in(0, 1 << 20),
      field("shuffle", &CorpusSetOptions::shuffle,
            "training windows that are held in memory and shuffled together; 1: none")
          .in(1, 1 << 20)};
};
}  // namespace cambium
