// cambium data sample: some documents of a corpus.
#include <set>

#include "app/command.h"
#include "app/run.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "data/assembly/contents.h"

namespace cambium::command_data_sample {
namespace {
struct Options {
  std::string folder, source, split = "train";
  int64_t count = 5, seed = 0;
};

void need_source(const Manifest& m, const std::string& source) {
  std::vector<std::string> known;
  for (const CorpusShard& s : m.shards)
    if (known.empty() || known.back() != s.source) known.push_back(s.source);
  if (!source.empty() && std::ranges::count(known, source) == 0)
    throw UserError(str("the corpus has no source '", source, "'"), suggestion(source, known));
}

std::string parts_with_documents(const Manifest& m, const std::string& source) {
  std::set<std::string> parts;
  for (const CorpusShard& s : m.shards)
    if (s.documents > 0 && (source.empty() || s.source == source))
      parts.emplace(split_name(s.split));
  std::string text;
  for (const std::string& part : parts) text += str(text.empty() ? "; try --split " : " or ", part);
  return text;
}

int sample(const Options& o, Context& context) {
  const Manifest m = load_manifest(o.folder);
  need_source(m, o.source);
  const auto documents = sample_documents(
      o.folder, m,
      [&](const CorpusShard& s) {
        return (o.source.empty() || s.source == o.source) && split_name(s.split) == o.split;
      },
      o.count, uint64_t(o.seed));
  std::string text;
  Json json = Json::array();
  for (const SampledDocument& d : documents) {
    text += str("--- ", d.source, "  ", d.id, "\n", d.text, d.text.ends_with('\n') ? "" : "\n");
    json.push_back({{"source", d.source}, {"id", d.id}, {"text", d.text}});
  }
  if (documents.empty())
    text = str("no documents in ", o.split, parts_with_documents(m, o.source), "\n");
  context.answer(json, text);
  return kExitOk;
}
}  // namespace

extern const Command command_data_sample = {
    .name = "data sample",
    .doc = "print some documents of a corpus, drawn by chance",
    .examples = {"cambium data sample corpora/docs",
                 "cambium data sample corpora/docs -n 20 "
                 "--source books --split val --seed 3"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("CORPUS", o->folder, "the folder of a corpus");
      line.whole("-n,--count", o->count, 1, "how many");
      line.text("--source", o->source, "NAME", "of this source alone");
      line.choice("--split", o->split, {"train", "val", "test"}, "of this part");
      line.whole("--seed", o->seed, 0, "another seed, other documents");
      return [o](Context& context) { return sample(*o, context); };
    },
};
}  // namespace cambium::command_data_sample
