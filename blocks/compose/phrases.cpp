#include "blocks/compose/phrases.h"

#include <algorithm>

#include "blocks/block.h"
#include "core/text/synonyms.h"

namespace cambium {
namespace {
// Words that carry more than the value's own name.
constexpr std::pair<std::string_view, std::string_view> kPhrases[] = {
    {"batchnorm", "norm: batch"},
    {"batchnorm1d", "norm: batch"},
    {"batchnorm2d", "norm: batch"},
    {"bn", "norm: batch"},
    {"layernorm", "norm: layer"},
    {"ln", "norm: layer"},
    {"rmsnorm", "norm: rms"},
    {"groupnorm", "norm: group"},
    {"instancenorm", "norm: instance"},
    {"instancenorm2d", "norm: instance"},
    {"swish", "activation: silu"},
    {"bilstm", "lstm: {bidirectional: true}"},
    {"bigru", "gru: {bidirectional: true}"},
    {"geglu", "ffn: {activation: geglu}"},
    {"swiglu", "ffn: {activation: swiglu}"},
    {"glu", "ffn: {activation: swiglu}"},
    {"rope", "attention: {heads: 4, position: rope}"},
    {"alibi", "attention: {heads: 4, position: alibi}"},
    {"rotary", "attention: {heads: 4, position: rope}"},
    {"transformer",
     "residual: [{norm: rms}, {attention: {heads: 4}}], then - residual: [{norm: rms}, ffn]"},
    {"transformerblock",
     "residual: [{norm: rms}, {attention: {heads: 4}}], then - residual: [{norm: rms}, ffn]"},
    {"transformerencoderlayer",
     "residual: [{norm: rms}, {attention: {heads: 4}}], then - residual: [{norm: rms}, ffn]"},
};

bool has_choice(const FieldInfo& f, const std::string& word) {
  return std::ranges::any_of(f.choices,
                             [&](const std::string& c) { return plain_word(c) == word; });
}

// The choice as the option spells it.
std::string choice_of(const FieldInfo& f, const std::string& word) {
  return *std::ranges::find_if(f.choices,
                               [&](const std::string& c) { return plain_word(c) == word; });
}
}  // namespace

std::string block_phrase(std::string_view name) {
  const std::string word = plain_word(name);
  const auto known = std::ranges::find(kPhrases, std::string_view(word),
                                       &std::pair<std::string_view, std::string_view>::first);
  if (known != std::end(kPhrases)) return std::string(known->second);
  std::string nested;  // an option that is not the block's plain value
  for (const Block* b : builtin_blocks())
    for (const FieldInfo& f : b->attrs.describe()) {
      if (!has_choice(f, word)) continue;
      const std::string value = choice_of(f, word);
      if (f.name == b->primary) return str(b->name, ": ", value);
      if (nested.empty()) nested = str(b->name, ": {", f.name, ": ", value, "}");
    }
  return nested;
}
}  // namespace cambium
