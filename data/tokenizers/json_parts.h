// JsonParts: a tokenizer.json of Hugging Face, its vocabulary read, for the readers of its models.
#pragma once
#include "core/text/json_item.h"
#include "data/tokenizers/tokenizer.h"

namespace cambium {
struct JsonParts {
  std::string path;
  const Json& json;
  std::vector<std::string> pieces;  // by id, as they are spelt; empty: no token
  std::vector<SpecialToken> specials;

  // The object that stands there, an empty one where it is missing or null.
  JsonItem part(const char* key) const { return JsonItem(json, str(path, ": it")).item(key); }

  // The type that an object there says; empty where there is none.
  std::string type_of(const char* key) const { return part(key).text("type"); }

  // UserError: "<path>: <key> of the type ... is not read here", unless it is missing or one of
  // these.
  void require_type(const char* key, std::initializer_list<std::string_view> known) const;
};

std::shared_ptr<const Tokenizer> byte_bpe_of(JsonParts parts);
std::shared_ptr<const Tokenizer> wordpiece_of(JsonParts parts);
}  // namespace cambium
