// Rows of a label and a text in each form, and the dataset made of them.
#include "data/text/labelled_rows.h"
#include "tests/fuzz/dataset.h"

namespace cambium::fuzz_labelled_text {
extern const FuzzTarget fuzz_labelled_text = {
    .name = "labelled_text",
    .reads = {"data/sets/text/labelled_text.cpp"},
    .run = [](std::string_view bytes) {
      for (const char* name : {"rows.txt", "rows.tsv", "rows.csv"}) try {
          read_all(str("labelled_text: {context: 8, path: ", file_of(name, bytes), "}"));
        } catch (const UserError&) {
          if (std::string_view(name).ends_with("csv")) throw;
        }
    }};
}  // namespace cambium::fuzz_labelled_text
