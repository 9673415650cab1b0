// Synonyms: what people of the field call what has another name here.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
// The word without case, '_', '-', spaces and the modules of other tools: "nn.BatchNorm2d" is
// "batchnorm2d".
std::string plain_word(std::string_view word);

// Those of the known names that mean `word`: spelt alike but for plain_word, or its other names in
// the field ("lr" and "learning_rate", "dense" and "linear").
std::vector<std::string> meant_names(std::string_view word, std::span<const std::string> known);
}  // namespace cambium
