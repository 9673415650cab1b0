// tokenizer.json of Hugging Face: what its models have in common.
#include <algorithm>

#include "core/text/utf8.h"
#include "data/tokenizers/json_parts.h"

namespace cambium {
namespace {
constexpr int64_t kMostIds = int64_t(1) << 22;

int32_t id_of(const Json& value, const std::string& path, const std::string& what) {
  require(value.is_number_integer() && value >= 0 && value < kMostIds, path, ": ", what,
          " has the id ", shortened(to_text(value), 40), ", not a whole number from 0 to ",
          kMostIds - 1);
  return value.get<int32_t>();
}

void put(std::vector<std::string>& pieces, int32_t id, const std::string& piece,
         const std::string& path) {
  if (size_t(id) >= pieces.size()) pieces.resize(size_t(id) + 1);
  std::string& at = pieces[size_t(id)];
  require(at.empty() || at == piece, path, ": the id ", id, " stands for '", shortened(at, 40),
          "' and for '", shortened(piece, 40), "'");
  at = piece;
}

// Tokens beside the model: those that stand for no text are all that is read.
void add_tokens(const JsonItem& top, JsonParts& parts) {
  for (const JsonItem& token : top.items("added_tokens")) {
    const std::string text = token.needed_text("content");
    require(!text.empty(), token.where(), ": an added token without content");
    if (!token.yes("special"))
      throw UserError(str(parts.path, ": the added token '", shortened(text, 40),
                          "' is not special: it is cut out of texts before all else, which is not "
                          "done here"),
                      "train it into the vocabulary, or make it special");
    const Json* id = token.find("id");
    require(id != nullptr, token.where(), ": 'id' is missing");
    const int32_t number = id_of(*id, parts.path, str("'", shortened(text, 40), "'"));
    const auto known = std::ranges::find(parts.pieces, text) - parts.pieces.begin();
    require(known == std::ssize(parts.pieces) || known == number, parts.path, ": the added token '",
            shortened(text, 40), "' has the id ", number, ", and in model.vocab the id ", known);
    put(parts.pieces, number, text, parts.path);
    parts.specials.push_back({number, text});
  }
  std::ranges::sort(parts.specials, {}, &SpecialToken::id);
}
}  // namespace

void JsonParts::require_type(const char* key, std::initializer_list<std::string_view> known) const {
  const Json* value = JsonItem(json, str(path, ": it")).find(key);
  if (!value) return;
  const std::string type = type_of(key);
  if (std::ranges::find(known, type) != known.end()) return;
  std::string names;
  for (const std::string_view k : known) names += str(names.empty() ? "" : " or ", k);
  throw UserError(
      str(path, ": ", key, " of the type '", shortened(type, 40), "' is not read here"),
      names.empty() ? str("a file without ", key, " is") : str(names, " is, and a file without"));
}

std::shared_ptr<const Tokenizer> load_tokenizer_json(const std::string& path) {
  JsonPairs vocab{"model", "vocab", {}};
  const Json json = load_json(path, vocab);
  const JsonItem top(json, path);
  const JsonItem model = top.item("model");
  std::string type = model.text("type");
  if (type.empty()) type = model.find("merges") ? "BPE" : "";  // as older files have it
  if (type != "BPE" && type != "WordPiece")
    throw UserError(type.empty() ? str(path, ": no model is in it: not a tokenizer.json")
                                 : str(path, ": a model of the type '", shortened(type, 40),
                                       "' is not read here"),
                    "BPE at the level of bytes and WordPiece are");
  require(!vocab.pairs.empty(), path, ": model.vocab holds no tokens");
  JsonParts parts{path, json, {}, {}};
  for (const auto& [piece, id] : vocab.pairs) {
    require(!piece.empty(), path, ": model.vocab holds an empty token");
    put(parts.pieces, id_of(id, path, str("'", shortened(piece, 40), "'")), piece, path);
  }
  add_tokens(top, parts);
  const auto filled = std::ranges::count_if(parts.pieces, [](auto& p) { return !p.empty(); });
  require(int64_t(parts.pieces.size()) <= 2 * filled + 1000, path, ": ids go up to ",
          parts.pieces.size() - 1, " for ", filled, " tokens");
  return type == "BPE" ? byte_bpe_of(std::move(parts)) : wordpiece_of(std::move(parts));
}
}  // namespace cambium
