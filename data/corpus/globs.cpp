#include "data/corpus/globs.h"

#include <algorithm>
#include <filesystem>

#include <fnmatch.h>

#include "core/error.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;
using Parts = std::vector<std::string>;

Parts parts_of(std::string_view path) {
  Parts parts;
  for (size_t at = 0; at <= path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    parts.emplace_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return parts;
}

bool matches(const Parts& pattern, size_t p, const Parts& path, size_t q) {
  for (; p < pattern.size(); ++p, ++q) {
    if (pattern[p] == "**") {
      for (size_t to = q; to < path.size(); ++to) {
        if (matches(pattern, p + 1, path, to)) return true;
        if (path[to].starts_with('.')) return false;
      }
      return false;
    }
    if (q == path.size() || ::fnmatch(pattern[p].c_str(), path[q].c_str(), FNM_PERIOD) != 0)
      return false;
  }
  return q == path.size();
}
}  // namespace

bool is_glob(std::string_view path) {
  return path.find_first_of("*?[") != path.npos;
}

bool glob_matches(std::string_view pattern, std::string_view path) {
  return matches(parts_of(pattern), 0, parts_of(path), 0);
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  try {
    for (auto it = fs::recursive_directory_iterator(folder); it != fs::end(it); ++it) {
      if (it->path().filename().string().starts_with('.')) {
        if (it->is_directory()) it.disable_recursion_pending();
        continue;
      }
      if (it->is_regular_file()) files.push_back(it->path().string());
    }
  } catch (const fs::filesystem_error& e) {
    throw RuntimeError(str("the folder '", folder, "' cannot be read: ", e.code().message()),
                       "check its permissions and its owner");
  }
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> glob_files(const std::string& pattern) {
  const size_t first = pattern.find_first_of("*?[");
  const size_t slash = pattern.substr(0, first).rfind('/');
  const std::string folder = slash == pattern.npos ? "." : pattern.substr(0, slash + 1);
  if (!fs::is_directory(folder)) return {};
  std::vector<std::string> files;
  for (const std::string& file : files_below(folder)) {
    const std::string path = slash == pattern.npos ? file.substr(2) : file;
    if (glob_matches(pattern, path)) files.push_back(path);
  }
  return files;
}
}  // namespace cambium
