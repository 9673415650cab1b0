// Spec template: the spec of ours that a family's variables make.
#pragma once
#include "train/hub/config_values.h"

namespace cambium {
// YAML: vars, data, model or encoder and decoder, train. `{when: $x, a: ..., b: ...}` of the
// mapping file becomes what stands under the value of x; variables stay variables, with their
// values under `vars:`. `text` and `tokenizer`: paths, where the model is to go on with a text;
// else empty, and the data is noise.
std::string spec_text(const Family& family, HubVars vars, const std::string& text,
                      const std::string& tokenizer);
}  // namespace cambium
