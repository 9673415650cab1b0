// Study keys: everything that a study file may say, in one list. The reader of studies, `cambium
// explain` and the JSON schema are made from it: a new key is one entry, with a reader beside the
// others (search/study/study_readers.h), or one of Study::fields where the value is a plain one.
#pragma once
#include "core/fields.h"
#include "search/study/study.h"

namespace cambium {
// Which studies may say a key: those that compare variants, that search models, that search tables.
enum StudyKinds : unsigned { kOfVariants = 1, kOfModels = 2, kOfTables = 4 };

inline constexpr unsigned kOfSearches = kOfModels | kOfTables,
                          kOfTrainings = kOfVariants | kOfModels,
                          kOfAll = kOfVariants | kOfSearches;

// What is known while a study is read. Keys are read in the order of the list.
struct StudyFile {
  const Spec& spec;
  const Vars& vars;
  Study& study;
  Diagnostics& errors;
  StudyKinds kind = kOfVariants;  // one of them
  std::string base = {};  // the model file that variants start from, and where the study names it
  Mark base_mark = {};
};

// How a key's value is written.
enum class KeyForm {
  kText,              // a name or a path
  kTexts,             // one or a list
  kNumber,            // or an expression
  kQuantity,          // 500000, 5e5, 500k or an expression
  kQuantities,        // one or a list
  kShare,             // a quantity, or 3%
  kCost,              // a quantity, or `baseline`
  kSeeds,             // how many, a list, or a map of `parts`
  kMetric,            // val.loss, or {val.loss: min}
  kTarget,            // a metric, or a map of metrics and weights
  kOverrides,         // a map of paths to values
  kParameterisation,  // as the section of a spec
  kDataSets,          // a map of names to data
  kTasks,             // a list of maps of paths to values
  kVariants,          // a map of names to nothing, a file or overrides
  kNumberOfEach,      // a map of names to numbers
  kAllOf,             // a map of `parts`
  kOneOf,             // a map of exactly one of `parts`
  kBase,              // a model file; of a search also a table: {table: file.csv, key: name}
  kSpace,             // a map of paths to what they may be; of a table also `table`
  kGoals,             // a map of names to max or min
  kAmountOfEach,      // a map of names to quantities, which may be negative
  kOptions,           // a map of `options`
  kSearch,            // the same with `method` and `rungs`
  kMethod,            // a name, or {name: options}
  kWhole,
  kRungs,  // a map of RungSettings' fields
  kVars,   // as the section of every spec
  kField   // as its field of Study says
};

// A key within a key: "free" of match.
struct StudyKeyPart {
  std::string_view name, doc;
  KeyForm form;
  int64_t least = 0;  // of a number
};

struct StudyKey {
  std::string_view name, doc, example;
  KeyForm form = KeyForm::kField;
  std::span<const StudyKeyPart> parts = {};
  // UserErrors of what is wrong with the value; they need no mark where that is the value's. Null:
  // load_spec or the machinery of fields reads it.
  void (*read)(const Yaml& value, StudyFile& file) = nullptr;
  const FieldInfo* field = nullptr;               // not null: kField
  unsigned of = kOfVariants;                      // StudyKinds, added up
  std::vector<FieldInfo> (*options)() = nullptr;  // kOptions, kSearch
};

// In the order in which they are explained and read; docs of fields are those of Study::fields.
std::span<const StudyKey> study_key_list();

// The part of it that only searches say (search/study/keys/search_keys.cpp).
std::span<const StudyKey> search_keys();

// The names that stand in a study of the kind once load_spec has read it: all but `extends`.
std::vector<std::string> study_sections(StudyKinds kind = kOfVariants);

// What a key holds, as options are listed: its parts, or its options.
std::vector<FieldInfo> parts_of(const StudyKey& key);

// The names of the parts of a key that has some; InternalError for another.
std::vector<std::string> part_names(std::string_view key);
}  // namespace cambium
