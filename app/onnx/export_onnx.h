// What `cambium export --to onnx` does.
#pragma once
#include "app/command.h"

namespace cambium {
// Writes the model of a run, or of a spec with fresh weights, as one file; `last`: the last
// weights, not the best; `examples`: a folder for inputs and our answers to them, or empty.
// UserError for a file that is there already.
int export_onnx_file(const std::string& run_or_spec, const std::string& file, bool last,
                     const std::string& examples, Context& context);
}  // namespace cambium
