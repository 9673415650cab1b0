// Byte-level BPE in a tokenizer.json: read and written.
#include <unordered_map>

#include "core/system/files.h"
#include "core/text/utf8.h"
#include "data/tokenizers/byte_bpe.h"
#include "data/tokenizers/byte_letters.h"
#include "data/tokenizers/json_parts.h"

namespace cambium {
namespace {
using Ids = std::unordered_map<std::string, int32_t>;  // of pieces as they are spelt

void check_rules(const JsonParts& parts) {
  parts.require_type("normalizer", {});
  parts.require_type("pre_tokenizer", {"ByteLevel"});
  parts.require_type("decoder", {"ByteLevel"});
  const auto refuse = [&](bool wrong, std::string_view what) {
    if (wrong)
      throw UserError(str(parts.path, ": ", what, " is not read here"),
                      "byte-level BPE as GPT-2 has it is");
  };
  refuse(parts.type_of("pre_tokenizer").empty(), "BPE without the pre_tokenizer ByteLevel");
  refuse(!parts.part("pre_tokenizer").yes("use_regex", true),
         "pre_tokenizer with use_regex: false");
  const JsonItem model = parts.part("model");
  refuse(model.number("dropout", 0) != 0, "model.dropout");
  refuse(model.yes("byte_fallback"), "model.byte_fallback");
  refuse(model.yes("ignore_merges"), "model.ignore_merges");
  refuse(!model.text("continuing_subword_prefix").empty(), "model.continuing_subword_prefix");
  refuse(!model.text("end_of_word_suffix").empty(), "model.end_of_word_suffix");
}

// "a b" or ["a", "b"]
std::pair<std::string, std::string> pair_of(const Json& merge) {
  if (merge.is_string()) {
    const auto text = merge.get<std::string>();
    const size_t space = text.find(' ');
    if (space != text.npos && text.find(' ', space + 1) == text.npos)
      return {text.substr(0, space), text.substr(space + 1)};
  }
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  return {};
}

std::vector<BpeMerge> merges_of(const JsonParts& parts, const Ids& ids) {
  const JsonItem model = parts.part("model");
  const Json* list = model.find("merges");
  require(list && list->is_array(), parts.path, ": model.merges is not a list");
  std::vector<BpeMerge> merges;
  for (const Json& merge : *list) {
    const auto [left, right] = pair_of(merge);
    const auto rank = int32_t(merges.size());
    const std::string where = str(parts.path, ": model.merges[", rank, "]");
    require(!left.empty() && !right.empty(), where,
            " is not a pair of tokens: ", shortened(to_text(merge), 60));
    const auto known = [&](const std::string& piece) {
      const auto id = ids.find(piece);
      require(id != ids.end(), where, ": '", shortened(piece, 40), "' is not in model.vocab");
      return id->second;
    };
    merges.push_back({known(left), known(right), known(left + right), rank});
  }
  return merges;
}
}  // namespace

std::shared_ptr<const Tokenizer> byte_bpe_of(JsonParts parts) {
  check_rules(parts);
  Ids ids;
  ByteBpeModel m;
  m.specials = parts.specials;
  m.space_in_front = parts.part("pre_tokenizer").yes("add_prefix_space", true);
  std::vector<bool> special(parts.pieces.size());
  for (const SpecialToken& s : m.specials) special[size_t(s.id)] = true;
  for (size_t id = 0; id < parts.pieces.size(); ++id) {
    const std::string& spelt = parts.pieces[id];
    if (!special[id]) ids.emplace(spelt, int32_t(id));
    const auto bytes = special[id] ? std::optional(spelt) : bytes_spelt(spelt);
    require(bytes.has_value(), parts.path, ": the token '", shortened(printable(spelt), 40),
            "' of the id ", id, " holds characters that stand for no byte");
    m.pieces.push_back(*bytes);
  }
  m.merges = merges_of(parts, ids);
  return std::make_shared<ByteBpe>(std::move(m), parts.path);
}

void save_tokenizer_json(const ByteBpeModel& m, const std::string& path) {
  const Json level = {{"type", "ByteLevel"},
                      {"add_prefix_space", m.space_in_front},
                      {"trim_offsets", true},
                      {"use_regex", true}};
  std::string text = "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n";
  text += "  \"added_tokens\": [";
  std::vector<bool> special(m.pieces.size());
  for (const SpecialToken& s : m.specials) {
    special[size_t(s.id)] = true;
    const Json token = {{"id", s.id},      {"content", s.text}, {"single_word", false},
                        {"lstrip", false}, {"rstrip", false},   {"normalized", false},
                        {"special", true}};
    text += str(&s == m.specials.data() ? "\n    " : ",\n    ", to_text(token));
  }
  text += "\n  ],\n  \"normalizer\": null,\n";
  for (const char* key : {"pre_tokenizer", "post_processor", "decoder"})
    text += str("  \"", key, "\": ", to_text(level), ",\n");
  text +=
      "  \"model\": {\n    \"type\": \"BPE\", \"dropout\": null, \"unk_token\": null,\n    "
      "\"continuing_subword_prefix\": null, \"end_of_word_suffix\": null, \"fuse_unk\": false,\n   "
      " "
      "\"byte_fallback\": false, \"ignore_merges\": false,\n    \"vocab\": {";
  const auto spelt = [&](int32_t id) {
    const std::string& piece = m.pieces[size_t(id)];
    return to_text(Json(special[size_t(id)] ? piece : spelt_bytes(piece)));
  };
  std::string_view between = "\n      ";
  for (int32_t id = 0; id < int32_t(m.pieces.size()); ++id) {
    if (m.pieces[size_t(id)].empty()) continue;
    text += str(between, spelt(id), ": ", id);
    between = ",\n      ";
  }
  text += "\n    },\n    \"merges\": [";
  for (const BpeMerge& merge : m.merges)
    text += str(&merge == m.merges.data() ? "\n      [" : ",\n      [", spelt(merge.left), ", ",
                spelt(merge.right), "]");
  text += "\n    ]\n  }\n}\n";
  replace_file(path, text);
}
}  // namespace cambium
