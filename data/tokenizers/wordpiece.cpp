// WordPiece as BERT has it (Devlin et al. 2019, arXiv 1810.04805): words, then in each the longest
// piece that is known, again and again from its left; read from tokenizer.json.
#include <algorithm>
#include <unordered_map>

#include "core/hash.h"
#include "core/text/unicode.h"
#include "data/tokenizers/json_parts.h"

namespace cambium {
namespace {
struct Normalizer {  // BertNormalizer
  bool clean = false, chinese = false, no_accents = false, lower = false;

  std::string operator()(std::string_view text) const {
    std::string out = first(text);
    if (no_accents) out = without_accents(out);
    return lower ? in_lower_case(out) : out;
  }

 private:
  static bool is_ideograph(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
           (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
  }

  // What is no UTF-8 is U+FFFD, which goes with control characters or stays.
  std::string first(std::string_view text) const {
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const Character c = character_at(text, at);
      at += c.bytes;
      const char32_t code = c.code == kNoCharacter ? 0xFFFD : c.code;
      const bool space = c.kind == CharacterKind::kSpace;
      const bool blank = code == '\t' || code == '\n' || code == '\r';
      if (clean && !blank && (code == 0 || code == 0xFFFD || is_control(code))) continue;
      if (clean && space)
        out += ' ';
      else if (chinese && is_ideograph(code))
        (out += ' ', append_character(code, out), out += ' ');
      else
        append_character(code, out);
    }
    return out;
  }

  static std::string without_accents(const std::string& text) {
    const std::string parts = decomposed(text);
    std::string out;
    for (size_t at = 0; at < parts.size();) {
      const Character c = character_at(parts, at);
      if (!is_accent(c.code)) out.append(parts, at, c.bytes);
      at += c.bytes;
    }
    return out;
  }
};

bool is_bert_punctuation(char32_t c) {
  return (c > ' ' && c < 0x7F && kAsciiKinds[c] == CharacterKind::kOther) || is_punctuation(c);
}

struct Rules {
  Normalizer normalize;
  std::string unknown = "[UNK]", prefix = "##";
  int64_t longest_word = 100;  // characters; a longer one is unknown
};

class WordPiece final : public Tokenizer {
 public:
  WordPiece(JsonParts parts, Rules rules)
      : rules_(std::move(rules)),
        pieces_(std::move(parts.pieces)),
        specials_(std::move(parts.specials)) {
    const Normalizer& n = rules_.normalize;
    content_ = hash_text(str("WordPiece ", rules_.unknown, " ", rules_.prefix, " ",
                             rules_.longest_word, n.clean, n.chinese, n.no_accents, n.lower));
    for (size_t id = 0; id < pieces_.size(); ++id) {
      content_ = joined_hash({content_, hash_text(pieces_[id])});
      longest_piece_ = std::max(longest_piece_, pieces_[id].size());
      if (!pieces_[id].empty()) ids_.emplace(pieces_[id], int32_t(id));
    }
    for (const SpecialToken& s : specials_)
      content_ = joined_hash({content_, uint64_t(s.id), hash_text(s.text)});
    const auto unknown = ids_.find(rules_.unknown);
    require(unknown != ids_.end(), parts.path, ": model.unk_token '", rules_.unknown,
            "' is not in model.vocab");
    unknown_ = unknown->second;
  }

  std::string_view kind() const override { return "WordPiece"; }

  int64_t size() const override { return int64_t(pieces_.size()); }

  uint64_t content() const override { return content_; }

  std::span<const SpecialToken> specials() const override { return specials_; }

  std::optional<int32_t> begin() const override { return begin_of(specials_); }

  bool keeps_bytes() const override { return false; }

  // Words stand between spaces, and each character of punctuation is one.
  void encode(std::string_view text, std::vector<int32_t>& ids) const override {
    const std::string normal = rules_.normalize(text);
    const std::string_view all = normal;
    size_t begin = 0;
    for (size_t at = 0; at < all.size();) {
      const Character c = character_at(all, at);
      const bool space = c.kind == CharacterKind::kSpace;
      const bool alone = is_bert_punctuation(c.code);
      if (space || alone) {
        encode_word(all.substr(begin, at - begin), ids);
        begin = at + c.bytes;
        if (alone) encode_word(all.substr(at, c.bytes), ids);
      }
      at += c.bytes;
    }
    encode_word(all.substr(begin), ids);
  }

  std::string decode(std::span<const int32_t> ids) const override {
    std::string out;
    for (const int32_t id : ids) {
      require(id >= 0 && id < size(), "token ", id, " is outside the vocabulary of ", size());
      if (is_special(id)) continue;
      const std::string_view piece = pieces_[size_t(id)];
      const bool goes_on = !out.empty() && piece.starts_with(rules_.prefix);
      if (!out.empty() && !goes_on) out += ' ';
      out += goes_on ? piece.substr(rules_.prefix.size()) : piece;
    }
    return out;
  }

  std::string piece(int32_t id) const override { return pieces_[size_t(id)]; }

  std::vector<int32_t> piece_bytes() const override { return {}; }

 private:
  void encode_word(std::string_view word, std::vector<int32_t>& ids) const {
    if (word.empty()) return;
    const size_t before = ids.size();
    bool known = characters_of(word) <= rules_.longest_word;
    for (size_t at = 0; known && at < word.size();) {
      const auto [id, bytes] = longest_at(word, at);
      known = bytes > 0;
      if (known) ids.push_back(id);
      at += bytes;
    }
    if (known) return;
    ids.resize(before);
    ids.push_back(unknown_);
  }

  static int64_t characters_of(std::string_view word) {
    int64_t n = 0;
    for (size_t at = 0; at < word.size(); ++n) at += character_at(word, at).bytes;
    return n;
  }

  std::pair<int32_t, size_t> longest_at(std::string_view word, size_t at) const {
    std::string piece = at > 0 ? rules_.prefix : "";
    const size_t front = piece.size();
    piece += word.substr(at, longest_piece_);
    for (; piece.size() > front; piece.pop_back())
      if (const auto it = ids_.find(piece); it != ids_.end())
        return {it->second, piece.size() - front};
    return {0, 0};
  }

  Rules rules_;
  std::vector<std::string> pieces_;
  std::vector<SpecialToken> specials_;
  std::unordered_map<std::string, int32_t> ids_;
  size_t longest_piece_ = 0;
  int32_t unknown_ = 0;
  uint64_t content_ = 0;
};
}  // namespace

std::shared_ptr<const Tokenizer> wordpiece_of(JsonParts parts) {
  parts.require_type("normalizer", {"BertNormalizer"});
  parts.require_type("pre_tokenizer", {"BertPreTokenizer"});
  parts.require_type("decoder", {"WordPiece"});
  if (parts.type_of("pre_tokenizer").empty())
    throw UserError(
        str(parts.path, ": WordPiece without the pre_tokenizer BertPreTokenizer is not read here"),
        "save it with one");
  Rules rules;
  if (!parts.type_of("normalizer").empty()) {
    const JsonItem n = parts.part("normalizer");
    const bool lower = n.yes("lowercase", true);
    rules.normalize = {n.yes("clean_text", true), n.yes("handle_chinese_chars", true),
                       n.yes("strip_accents", lower), lower};
  }
  const JsonItem model = parts.part("model");
  if (model.find("unk_token")) rules.unknown = model.text("unk_token");
  if (model.find("continuing_subword_prefix"))
    rules.prefix = model.text("continuing_subword_prefix");
  rules.longest_word = model.whole("max_input_chars_per_word", 100);
  return std::make_shared<WordPiece>(std::move(parts), std::move(rules));
}
}  // namespace cambium
