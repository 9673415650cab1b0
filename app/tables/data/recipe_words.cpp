// The words of recipes, for `cambium explain`.
#include <array>

#include "app/tables/catalogue.h"
#include "app/tables/topics.h"
#include "data/recipe/recipe.h"

namespace cambium {
namespace {
constexpr std::array kWords = {
    Topic{"sources",
          "where the documents of a corpus come from, each a name with `path` (a file, a folder, a "
          "pattern such as docs/**/*.txt, a list of them, or - for standard input; *.gz and *.zst "
          "are unpacked), `meta` (a map of names and where they stand in JSON or a table), "
          "`longest` (bytes of a document, 16M unless told) and the options below",
          "sources:\n  docs: {path: \"docs/**/*.txt\", license: PSF-2.0}\n  books: {path: "
          "books.jsonl.zst, text: $.body, id: $.id, meta: {lang: $.lang}}"},
    Topic{"steps",
          "what is done to the documents, in this order: curation steps, each with its options. "
          "`quality: gopher` (c4, fineweb) and `repetition: gopher` are short for gopher_quality "
          "and so on",
          "steps:\n  - quality: gopher\n  - near_duplicates: {similarity: 0.8}"},
    Topic{"split",
          "shares of the documents for validation and test, by a hash of each one's text; by: "
          "cluster keeps documents that near_duplicates found alike together",
          "split: {val: 1%, test: 1%, by: cluster}"},
    Topic{
        "append",
        "a finished corpus that this one adds to, as its next version: the old shards stay as they "
        "are, byte for byte; new documents are compared with old ones by the steps that look for "
        "duplicates, and those that are like an old validation or test document are dropped",
        "append: corpora/first\nsources: {more: {path: more/}}"},
    Topic{"shards",
          "the files of a corpus: about so many bytes of text in one, lines of JSON packed by "
          "Zstandard at a level from 1 to 19",
          "shards: {size: 64M, level: 3}"}};
}  // namespace

void add_recipe_words(std::vector<CatalogueEntry>& all) {
  for (const Topic& t : kWords) {
    CatalogueEntry e{.kind = "recipe key", .name = std::string(t.name)};
    e.doc = t.text;
    e.example = t.example;
    if (t.name == "sources") e.options = describe_fields<RecipeSource>();
    all.push_back(std::move(e));
  }
}
}  // namespace cambium
