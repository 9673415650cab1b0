#include "data/tokenizers/tokenizer.h"

#include <algorithm>

#include "core/error.h"
#include "core/system/files.h"

namespace cambium {
namespace {
// Lines of a word of base64, a space and a number: the first one says it.
bool looks_like_ranks(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\n'));
  const size_t space = line.find(' ');
  if (space == line.npos || space == 0 || line.size() > 4096) return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto base64 = [&](char c) {
    return std::isalnum(uint8_t(c)) || c == '+' || c == '/' || c == '=';
  };
  std::string_view rank = line.substr(space + 1);
  if (rank.ends_with('\r')) rank.remove_suffix(1);
  return !rank.empty() && std::ranges::all_of(rank, digit) &&
         std::ranges::all_of(line.substr(0, space), base64);
}

bool looks_like_json(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const size_t first = head.find_first_not_of(" \t\r\n");
  return first != head.npos && head[first] == '{';
}
}  // namespace

std::optional<int32_t> begin_of(std::span<const SpecialToken> specials) {
  for (const std::string_view name :
       {"<|endoftext|>", "<|begin_of_text|>", "<s>", "<bos>", "[BOS]", "[CLS]", "</s>", "[SEP]"})
    for (const SpecialToken& s : specials)
      if (s.text == name) return s.id;
  if (specials.size() == 1) return specials.front().id;
  return std::nullopt;
}

std::vector<int32_t> Tokenizer::piece_bytes() const {
  std::vector<int32_t> bytes;
  for (int32_t id = 0; id < size(); ++id) bytes.push_back(int32_t(piece(id).size()));
  for (const SpecialToken& s : specials()) bytes[size_t(s.id)] = 0;
  return bytes;
}

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& path) {
  const std::string head = read_file(path, 1 << 13);
  // A tokenizer.bin begins with a length, of which two bytes at least are zero.
  const bool binary = head.substr(0, 4).find('\0') != head.npos || path.ends_with(".bin");
  if (binary) return load_llama2c(path);
  if (looks_like_json(head) || path.ends_with(".json")) return load_tokenizer_json(path);
  if (looks_like_ranks(head) || path.ends_with(".tiktoken")) return load_tiktoken(path);
  throw UserError(str(path, ": not a tokenizer that is known here"),
                  "give a tokenizer.json of Hugging Face, ranks of tiktoken (a line for each: "
                  "base64, a space, a number), or a tokenizer.bin of llama2.c");
}
}  // namespace cambium
