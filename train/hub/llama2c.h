// Model files of llama2.c (Karpathy 2023, github.com/karpathy/llama2.c, version 0): seven i32 (dim,
// hidden, layers, heads, key heads, vocabulary, positive when the output is tied, context), then
// f32 matrices [out, in], as models of the family llama. Their rotary pairs are neighbours, ours
// and Hugging Face's halves: rows of Wq and Wk change places.
#pragma once
#include "train/hub/export_hub.h"

namespace cambium {
// `tokenizer` and `text` are the paths the spec will name. UserError, with sizes, for a file that
// is not one.
HubModel import_llama2c(const std::string& path, const std::string& tokenizer,
                        const std::string& text, const std::string& maps = {});

// UserError for a model that llama2.c cannot run: another family, norms of queries, windows ...
void write_llama2c(const HubExport& model, const std::string& path);
}  // namespace cambium
