// Diagnostics: errors as the user sees them, with the source line and a caret under the place.
#pragma once
#include <string>
#include <vector>

#include "core/error.h"

namespace cambium {
struct RenderOptions {
  bool color = false;                       // ANSI colours
  std::vector<std::string> overrides = {};  // the --set texts, so that their marks can be shown
  bool notes = false;                       // what is shown is no error, and is called a note
};

constexpr size_t kMostErrors = 101;  // that are shown of one file

// The text of an error (all of them for UserErrors, in the order of their places), ending in a
// newline:
//   configs/hybrid.yaml:12:17: error: attention 'stage1.mix': heads = 6 does not divide C = 64
//      12 |     attention: {heads: 6}
//         |                 ^~~~~
//     note: C = 64 was set by 'patch_embed' at configs/hybrid.yaml:7:9
//     help: use heads: 4 or heads: 8
// A place whose file cannot be read keeps its numbers and loses its picture. Control characters in
// names and in source lines are shown as \x1b; of a long text the middle is left out.
std::string render(const Error& error, const RenderOptions& options = {});
}  // namespace cambium
