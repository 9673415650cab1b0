// Names Json without its definition, for headers that only pass it on: the whole of it costs every
// file that includes it a second of compile time.
#pragma once
#include <nlohmann/json_fwd.hpp>

namespace cambium {
using Json = nlohmann::ordered_json;
}
