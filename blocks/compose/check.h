// Check: the first walk over a model's text. It needs no stream, so it finds every unknown block,
// key, variable and tap even after the place where building has to stop.
#pragma once
#include "blocks/compose/entry.h"
#include "blocks/compose/model.h"

namespace cambium {
// Reports everything wrong with the definitions themselves.
void check_definitions(const Definitions& definitions, const Report& report);

// Reports everything wrong in the entries of a model's parts, nested ones and used definitions
// included. False when it gave up, having reported why: such a model must not be built.
bool check_parts(std::span<const ModelPart> parts, const Vars& vars, const Definitions& definitions,
                 const Report& report);
}  // namespace cambium
