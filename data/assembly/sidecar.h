// Sidecars: a small file of JSON beside a file of a build, written after it: where there is one,
// the file is whole.
#pragma once
#include <optional>

#include "core/system/files.h"
#include "core/text/json.h"

namespace cambium {
inline std::optional<Json> read_sidecar(const std::string& path) {
  const std::string file = path + ".json";
  if (!file_exists(file)) return std::nullopt;
  return load_json(file);
}

inline void write_sidecar(const std::string& path, const Json& json) {
  replace_file(path + ".json", to_text(json));
}
}  // namespace cambium
