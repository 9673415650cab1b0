// Schema: the language of specs and studies as JSON Schema (draft 7), for editors. It is made from
// the `fields` of all blocks, datasets, optimizers, schedules and options. What depends on other
// values (shapes, taps, variables) is left to `cambium check`.
#pragma once
#include "core/fields.h"
#include "core/text/json_forward.h"

namespace cambium {
Json spec_schema();

// The pieces, in app/schema/schema_fields.cpp: an option of a spec, which may be an expression too.
enum class TextKind { kPlain, kLength };  // kLength: text fields are lengths, such as 100 or 5%
Json field_schema(const FieldInfo& f, TextKind text = TextKind::kPlain);
// {type: object} of these options and no others.
Json options_schema(const std::vector<FieldInfo>& fields, TextKind text = TextKind::kPlain);
Json reference(const std::string& definition);
Json any_of(std::initializer_list<Json> schemas);
// `name`, or `{name: {options}}`; `values` gives each name's schema.
Json choice_schema(const Json& values);

Json evaluation_sets_schema();   // names to data
Json metric_names_schema();      // val.loss ..., or of an evaluation set or a source
Json parameterisation_schema();  // `standard`, or `{mup: {base: {path: value}}}`
Json block_definitions();  // "entry", "body" and what they refer to (app/schema/schema_blocks.cpp)
Json study_schema();       // app/schema/schema_study.cpp
Json search_schema();      // of a search, from the same list of keys

// What only searches and tunings say (app/schema/schema_search.cpp).
Json method_schema();
Json results_table_schema();
Json space_schema();    // paths to what they may be
Json recipe_schema();   // of a corpus (app/schema/schema_recipe.cpp)
Json weights_schema();  // of a mapping file (app/schema/schema_weights.cpp)
Json verify_schema();   // of a published result (search/verify/verify.h)
}  // namespace cambium
