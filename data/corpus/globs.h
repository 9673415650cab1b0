// Globs: names of files with * ? [abc] and, for any number of folders, **.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
bool is_glob(std::string_view path);

// * and ? stop at a slash, ** between slashes does not. A name that begins with a dot is met only
// by a dot.
bool glob_matches(std::string_view pattern, std::string_view path);

// The regular files that match, in the order of their paths; RuntimeError for a folder that cannot
// be read.
std::vector<std::string> glob_files(const std::string& pattern);

// The regular files in a folder and folders in it, but what begins with a dot; likewise.
std::vector<std::string> files_below(const std::string& folder);
}  // namespace cambium
