// Sections: which lists of blocks a spec has.
#pragma once
#include <span>

#include "core/diagnostics.h"
#include "core/yaml/spec.h"

namespace cambium {
// `model:`, or `encoder:` and `decoder:`; a section that is no list of blocks is null.
struct ModelSections {
  const Yaml *model = nullptr, *encoder = nullptr, *decoder = nullptr;

  bool complete() const { return model || (encoder && decoder); }

  const Yaml& last() const { return model ? *model : *decoder; }  // of a complete one
};

// Needs no check before: what is wrong is left out.
ModelSections sections_of(const Spec& spec);

// A key that can only mean one of the known names, where nothing has that yet, becomes it: once it
// was reported, what stands below it is checked too.
void mend_keys(std::vector<YamlEntry>& entries, std::span<const std::string> known);

// Reports missing sections and ones that exclude each other.
void check_model_sections(const Spec& spec, Diagnostics& errors);

// UserError when the data is a pair of sequences and the spec is one model, or the other way round.
void check_sections_fit(const Spec& spec, bool pair, const std::string& data);
}  // namespace cambium
