// Training texts: what a tokenizer may be trained on. Of a corpus that `cambium data build` made
// that is its train split: a tokenizer that has seen evaluation texts writes them in fewer tokens.
#pragma once
#include <functional>

#include "data/corpus/document.h"

namespace cambium {
// Every document of what `path` names: a file, a folder, a pattern, or the folder of a built
// corpus. `options` say what files hold; path is taken from `path`. UserError for files of a built
// corpus's val or test.
void for_each_training_text(const std::string& path, CorpusOptions options,
                            const std::function<void(const Document&)>& take);
}  // namespace cambium
