// cambium tokenizer train: makes a vocabulary from texts.
#include "app/command.h"
#include "app/run.h"
#include "app/tables/table.h"
#include "core/system/clock.h"
#include "core/text/json.h"
#include "data/tokenizers/train_bpe.h"
#include "data/tokenizers/training_texts.h"
#include "viz/plot/text.h"

namespace cambium::command_tokenizer_train {
namespace {
struct Options {
  std::vector<std::string> texts;
  std::string output = "tokenizer.json", format = "auto", key = "text";
  int64_t vocab = 8192, least = 2, most = PretokenCounts::kMost;
};

std::string table_of(const Json& j, const PretokenCounts& counts, const ByteBpeModel& m) {
  Table table;
  table.row({"texts", str(grouped(j["documents"].get<int64_t>()), " documents, ",
                          memory_text(double(counts.text_bytes())))});
  table.row({"pre-tokens", str(grouped(counts.occurrences()), ", ",
                               grouped(int64_t(counts.entries().size())), " different ones")});
  if (counts.dropped() > 0)
    table.row({"", str(grouped(counts.dropped()), " of the rarest, counted ",
                       grouped(counts.dropped_times()),
                       " times, were dropped: more were met than may be held")});
  table.row({"vocabulary", str(grouped(int64_t(m.pieces.size())), ": 256 bytes, ",
                               grouped(int64_t(m.pieces.size()) - 257), " pieces of ",
                               grouped(int64_t(m.merges.size())), " merges, ", kEndOfText)});
  return str(table.text(), "in ", fixed(j["seconds"].get<double>(), 2), " s\n");
}

int train(const Options& o, Context& context) {
  constexpr int64_t kFewest = 257;
  require(o.vocab <= 1 << 20, "--vocab ", o.vocab, " is more than ", 1 << 20);
  require(o.vocab >= kFewest, "--vocab ", o.vocab, " leaves no room for the 256 bytes and ",
          kEndOfText);
  const Stopwatch clock;
  PretokenCounts counts(o.most);
  int64_t documents = 0;
  for (const std::string& path : o.texts)
    for_each_training_text(path, {.format = o.format, .key = o.key}, [&](const Document& d) {
      counts.add_text(d.text);
      ++documents;
    });
  const ByteBpeModel model = train_bpe(counts, {.vocab = o.vocab, .least = o.least});
  save_tokenizer_json(model, o.output);
  const auto size = int64_t(model.pieces.size());
  if (size < o.vocab)
    context.terminal.note(str("note    no pair of pieces is left that occurs ", o.least,
                              " times: the vocabulary has ", size, ", not ", o.vocab));
  const Json json = {{"tokenizer", o.output},
                     {"size", size},
                     {"merges", model.merges.size()},
                     {"documents", documents},
                     {"bytes", counts.text_bytes()},
                     {"pretokens", counts.occurrences()},
                     {"different_pretokens", counts.entries().size()},
                     {"dropped_pretokens", counts.dropped()},
                     {"dropped_times", counts.dropped_times()},
                     {"seconds", clock.seconds()}};
  context.answer(json, str(table_of(json, counts, model), "tokenizer   ", o.output, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_tokenizer_train = {
    .name = "tokenizer train",
    .doc = "make a vocabulary of byte-level BPE from texts, as a tokenizer.json",
    .examples = {"cambium tokenizer train texts/ --vocab 8192 -o bpe8k.json",
                 "cambium tokenizer train 'docs/**/*.rst.txt' --vocab 4096",
                 "cambium tokenizer train corpora/docs   # its train split alone"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.words("TEXTS", o->texts,
                 "files, folders, patterns, or folders of corpora, of which the train split is "
                 "read");
      line.whole("--vocab", o->vocab, 1,
                 "ids in all, 8192 unless told: the 256 bytes, merges, and <|endoftext|>, the last "
                 "one");
      line.text("-o,--output", o->output, "FILE", "tokenizer.json unless told");
      line.whole("--least", o->least, 1,
                 "a pair that occurs less often is not merged; 2 if not told");
      line.whole("--most-pretokens", o->most, 1024,
                 "different words that are held, 1048576 unless told; beyond that the rarest half "
                 "is dropped, and counted");
      line.choice("--format", o->format,
                  {"auto", "file", "paragraphs", "lines", "jsonl", "json", "csv", "tsv"},
                  "what a document is; auto: what a file's name says");
      line.text("--key", o->key, "KEY", "where a text stands in JSON and in tables");
      return [o](Context& context) { return train(*o, context); };
    },
};
}  // namespace cambium::command_tokenizer_train
