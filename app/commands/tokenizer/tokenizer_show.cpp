// cambium tokenizer show: what a tokenizer holds, and how it writes a text.
#include <algorithm>

#include "app/command.h"
#include "app/run.h"
#include "app/tables/table.h"
#include "core/hash.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "data/corpus/document.h"
#include "data/tokenizers/tokenizer.h"
#include "viz/plot/text.h"

namespace cambium::command_tokenizer_show {
namespace {
struct Options {
  std::string tokenizer, format = "auto", key = "text";
  std::vector<std::string> texts;
};

// The ids of the longest pieces, most bytes first.
std::vector<int32_t> longest_of(const Tokenizer& t) {
  constexpr size_t kShown = 10;
  std::vector<std::pair<size_t, int32_t>> all;
  for (int32_t id = 0; id < t.size(); ++id)
    if (!t.is_special(id)) all.emplace_back(t.piece(id).size(), id);
  std::ranges::stable_sort(all, std::ranges::greater(), [](const auto& p) { return p.first; });
  all.resize(std::min(all.size(), kShown));
  std::vector<int32_t> ids;
  for (const auto& [bytes, id] : all) ids.push_back(id);
  return ids;
}

Json written(const Tokenizer& t, const std::string& path, const Options& o) {
  int64_t documents = 0, bytes = 0, tokens = 0;
  std::vector<bool> used(size_t(t.size()));
  const auto source = open_corpus({.path = path, .format = o.format, .key = o.key});
  std::vector<int32_t> ids;
  for (Document d; source->next(d); ++documents) {
    ids.clear();
    t.encode(d.text, ids);
    bytes += int64_t(d.text.size());
    tokens += int64_t(ids.size());
    for (const int32_t id : ids) used[size_t(id)] = true;
  }
  require(tokens > 0, path, ": its texts are empty");
  return {{"path", path},
          {"documents", documents},
          {"bytes", bytes},
          {"tokens", tokens},
          {"bytes_per_token", double(bytes) / double(tokens)},
          {"different_tokens", std::ranges::count(used, true)}};
}

std::string text_of(const Tokenizer& t, const Json& json) {
  Table table;
  table.row({"kind", str(t.kind(), t.keeps_bytes() ? ", texts come back byte for byte" : "")});
  table.row({"size", grouped(t.size())});
  std::string specials;
  for (const SpecialToken& s : t.specials())
    specials += str(specials.empty() ? "" : ", ", printable(s.text), " = ", s.id);
  table.row({"special", specials.empty() ? "none" : specials});
  table.row({"begins documents",
             t.begin() ? printable(t.piece(*t.begin())) : "none: of use for text_tokens alone"});
  std::string_view label = "longest";
  for (const Json& piece : json["longest"]) {
    table.row({std::string(label), str("'", piece["piece"].get<std::string>(), "' ",
                                       piece["bytes"].get<int64_t>(), " bytes")});
    label = "";
  }
  for (const Json& w : json["texts"])
    table.row({w["path"].get<std::string>(),
               str(fixed(w["bytes_per_token"].get<double>(), 3), " bytes per token (",
                   grouped(w["bytes"].get<int64_t>()), " in ", grouped(w["tokens"].get<int64_t>()),
                   "), ", grouped(w["different_tokens"].get<int64_t>()), " different ones")});
  return table.text();
}

int show(const Options& o, Context& context) {
  const auto tokenizer = load_tokenizer(o.tokenizer);
  const Tokenizer& t = *tokenizer;
  Json json = {{"kind", t.kind()},
               {"size", t.size()},
               {"content", hash_name(t.content())},
               {"keeps_bytes", t.keeps_bytes()}};
  json["special"] = Json::object();
  for (const SpecialToken& s : t.specials()) json["special"][s.text] = s.id;
  json["begin"] = t.begin() ? Json(*t.begin()) : Json(nullptr);
  json["longest"] = Json::array();
  for (const int32_t id : longest_of(t))
    json["longest"].push_back(
        {{"id", id}, {"piece", printable(t.piece(id))}, {"bytes", t.piece(id).size()}});
  json["texts"] = Json::array();
  for (const std::string& path : o.texts) json["texts"].push_back(written(t, path, o));
  context.answer(json, text_of(t, json));
  return kExitOk;
}
}  // namespace

extern const Command command_tokenizer_show = {
    .name = "tokenizer show",
    .doc = "what a tokenizer holds, and in how many tokens it writes texts",
    .examples = {"cambium tokenizer show bpe8k.json",
                 "cambium tokenizer show bpe8k.json val.txt other.txt"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("TOKENIZER", o->tokenizer,
                "a tokenizer.json, ranks of tiktoken, or a tokenizer.bin of llama2.c");
      line.words("TEXTS", o->texts, "files, folders or patterns to write", false);
      line.choice("--format", o->format,
                  {"auto", "file", "paragraphs", "lines", "jsonl", "json", "csv", "tsv"},
                  "what a document is; auto: what a file's name says");
      line.text("--key", o->key, "KEY", "where a text stands in JSON and in tables");
      return [o](Context& context) { return show(*o, context); };
    },
};
}  // namespace cambium::command_tokenizer_show
