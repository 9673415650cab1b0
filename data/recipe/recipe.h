// Recipe: what a corpus is made of and how.
//   sources: {docs: {path: "docs/**/*.txt"}, books: {path: books.jsonl.zst, text: $.body}}
//   steps:                                 # in this order
//     - quality: gopher
//     - near_duplicates: {similarity: 0.8}
//   split: {val: 1%, test: 1%}
//   shards: {size: 64M}
//   append: corpora/first                  # a finished corpus that this one adds to
#pragma once
#include "core/yaml/choice.h"
#include "core/yaml/spec.h"
#include "data/corpus/document.h"
#include "data/curation/support/step.h"

namespace cambium {
// Documents of one origin.
struct RecipeSource {
  std::string name;
  Mark mark;
  std::vector<std::string> paths;  // files, folders, patterns; "-" is standard input
  CorpusOptions corpus;            // but for its path
  std::string format = "auto", split, text = "text", id, license, bad = "error";
  std::vector<std::string> columns;

  static constexpr auto fields = std::tuple{
      field("format", &RecipeSource::format,
            "what its files are; auto: what their names end in, packed or not (.jsonl, .json, "
            ".csv, .tsv), else text")
          .one_of("auto|text|jsonl|json|csv|tsv"),
      field("split", &RecipeSource::split, "of text: what a document is; file unless told")
          .one_of("|file|paragraph|line"),
      field("text", &RecipeSource::text,
            "of JSON and tables: where the text stands, a name or a path such as $.page.body"),
      field("id", &RecipeSource::id,
            "of JSON and tables: where a text or whole number stands that names the document for "
            "good; empty: its file and line do"),
      field("columns", &RecipeSource::columns,
            "of a table without a line of names: what its columns are called"),
      field("license", &RecipeSource::license, "what it may be used for; the manifest keeps it"),
      field("bad", &RecipeSource::bad,
            "what to do about a document that is not what its format says, and a file that is "
            "damaged or ends early: end with an error, or count it and go on behind it")
          .one_of("error|skip")};
};

struct RecipeStep {
  Choice<CurationKind> choice;
  std::string text;  // canonical
};

struct RecipeSplit {
  double val = 0.01, test = 0.01;
  std::string by = "document";  // or cluster
};

struct RecipeShards {
  int64_t size = 64'000'000;  // bytes of text of one, about
  std::string compression = "zst";
  int64_t level = 3;
};

struct Recipe {
  std::string file;
  std::vector<RecipeSource> sources;
  std::vector<RecipeStep> steps;
  RecipeSplit split;
  RecipeShards shards;
  std::string append;  // the folder of the corpus that this one adds to; empty: it begins anew
  Mark append_mark;
  std::string text;   // YAML of the whole, for who wants to know
  uint64_t hash = 0;  // of all of it that says what comes out, and of the steps' versions
};

// UserErrors with everything that is wrong with the file; files that it names are looked at later.
Recipe load_recipe(const std::string& path, std::span<const std::string> overrides = {});

bool is_recipe(const Spec& spec);  // has sources

// The steps, opened in their order. UserErrors at their places.
std::vector<std::unique_ptr<CurationStep>> open_steps(const Recipe& recipe);
}  // namespace cambium
