// Token names: what each id of a vocabulary stands for, to find the same token in another.
#pragma once
#include "data/dataset.h"

namespace cambium {
// What a Dataset is too, or the symbols or vocabulary that it is made of, when ids have names that
// decode() does not say: pieces of a tokenizer with its special tokens, words, what is hidden.
class NamesTokens {
 public:
  virtual ~NamesTokens() = default;

  virtual std::string token_name(int32_t id) const = 0;  // an id of the vocabulary; empty: none
};

// Of all ids in their order: as NamesTokens says, else as they are decoded. Empty for an id that
// stands for no text, and no ids at all where the data is no text.
std::vector<std::string> token_names(const Dataset& data);
}  // namespace cambium
