// cambium tokenizer encode: the ids of texts, or the pieces they stand for.
#include "app/command.h"
#include "app/run.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "data/corpus/document.h"
#include "data/tokenizers/tokenizer.h"

namespace cambium::command_tokenizer_encode {
namespace {
struct Options {
  std::string tokenizer, file, format = "auto", key = "text";
  std::vector<std::string> texts;
  bool pieces = false;
};

int encode(const Options& o, Context& context) {
  if (o.texts.empty() == o.file.empty())
    throw UserError(o.texts.empty() ? "no text is given" : "texts are given, and --file too",
                    "give texts as words, or --file with a file or folder of documents");
  const auto tokenizer = load_tokenizer(o.tokenizer);
  Json all = Json::array();
  std::string text;
  const auto take = [&](std::string_view document) {
    std::vector<int32_t> ids;
    tokenizer->encode(document, ids);
    std::string line;
    Json pieces = Json::array();
    for (const int32_t id : ids) {
      const std::string piece = printable(tokenizer->piece(id));
      if (!line.empty()) line += o.pieces ? "|" : " ";
      line += o.pieces ? piece : str(id);
      if (o.pieces) pieces.push_back(piece);
    }
    text += line + "\n";
    if (!context.terminal.json) return;
    all.push_back({{"ids", ids}});
    if (o.pieces) all.back()["pieces"] = pieces;
  };
  for (const std::string& t : o.texts) take(t);
  if (!o.file.empty()) {
    const auto documents = open_corpus({.path = o.file, .format = o.format, .key = o.key});
    for (Document d; documents->next(d);) take(d.text);
  }
  context.answer({{"texts", all}}, text);
  return kExitOk;
}
}  // namespace

extern const Command command_tokenizer_encode = {
    .name = "tokenizer encode",
    .doc = "the ids of texts, a line each, or the pieces that they stand for",
    .examples = {"cambium tokenizer encode bpe8k.json 'To be, or not to be'",
                 "cambium tokenizer encode bpe8k.json --pieces 'To be, or not to be'",
                 "cambium tokenizer encode r50k_base.tiktoken --file texts.jsonl"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("TOKENIZER", o->tokenizer,
                "a tokenizer.json, ranks of tiktoken, or a tokenizer.bin of llama2.c");
      line.words("TEXT", o->texts, "texts", false);
      line.text("--file", o->file, "PATH", "instead, every document of a file or folder");
      line.flag("--pieces", o->pieces, "pieces, between |, instead of ids");
      line.choice("--format", o->format,
                  {"auto", "file", "paragraphs", "lines", "jsonl", "json", "csv", "tsv"},
                  "what a document is; auto: what a file's name says");
      line.text("--key", o->key, "KEY", "where a text stands in JSON and in tables");
      return [o](Context& context) { return encode(*o, context); };
    },
};
}  // namespace cambium::command_tokenizer_encode
