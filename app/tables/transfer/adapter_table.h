// Adapter table: what `adapt:` of a spec trains beside its model.
#pragma once
#include "core/text/json_forward.h"
#include "train/adapters/adapt.h"

namespace cambium {
// Adds a line, with `all` also one for each place and for what was left alone; as the key adapters
// of the answer.
void add_adapters(const AdapterReport& report, std::string_view before, std::string& text,
                  Json& answer, bool all);

// Methods against families of blocks, as it is claimed and tested.
std::string adapter_matrix();
Json adapter_matrix_json();
}  // namespace cambium
