// cambium score: how near written answers come to reference texts.
#include <algorithm>
#include <cmath>

#include "app/comma_list.h"
#include "app/command.h"
#include "app/run.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "data/corpus/whole_text.h"
#include "train/text_metrics/support/text_metric.h"

namespace cambium::command_score {
namespace {
struct Options {
  std::string answers, metrics = "bleu";
  std::vector<std::string> references;
};

std::vector<std::string> lines_of(const std::string& path) {
  const WholeText text(open_corpus({.path = path, .format = "txt"}));  // .gz and .zst too
  std::vector<std::string> lines;
  const std::string_view all = text.view();
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\n', at), all.size());
    lines.emplace_back(all.substr(at, end - at));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    at = end + 1;
  }
  return lines;
}

std::vector<TextPair> pairs_of(const Options& o) {
  std::vector<TextPair> pairs;
  for (std::string& line : lines_of(o.answers)) pairs.push_back({std::move(line), {}});
  for (const std::string& path : o.references) {
    std::vector<std::string> lines = lines_of(path);
    if (lines.size() != pairs.size())
      throw UserError(
          str("'", o.answers, "' has ", pairs.size(), " lines, '", path, "' ", lines.size()),
          "a line of each is one text; put an empty line where there is no answer");
    for (size_t i = 0; i < lines.size(); ++i) pairs[i].references.push_back(std::move(lines[i]));
  }
  if (pairs.empty()) throw UserError(str("'", o.answers, "' has no lines"));
  return pairs;
}

const TextMetric& metric_named(const std::string& name) {
  std::vector<std::string> known;
  for (const TextMetric* m : builtin_text_metrics()) {
    if (m->name == name) return *m;
    known.emplace_back(m->name);
  }
  throw UserError(str("no text metric is called '", name, "'"), suggestion(name, known));
}

std::string number_text(const TextScore& s) {
  if (std::isnan(s.low)) return fmt::format("{:<12} {:6.2f}\n", s.number.name, s.number.value);
  return fmt::format("{:<12} {:6.2f}   [{:.2f}, {:.2f}]\n", s.number.name, s.number.value, s.low,
                     s.high);
}

int score(const Options& o, Context& context) {
  if (o.references.empty()) throw UserError("no references are named", "add --references FILE");
  std::vector<const TextMetric*> metrics;
  for (const std::string& name : comma_list(o.metrics)) metrics.push_back(&metric_named(name));
  if (metrics.empty()) throw UserError("--metrics names none", "write --metrics bleu,rouge,exact");
  const std::vector<TextPair> pairs = pairs_of(o);
  Json all = Json::array();
  std::string text;
  for (const TextMetric* m : metrics) {
    const std::string signature =
        str("nrefs:", o.references.size(), "|", m->signature, "|lines:", pairs.size());
    for (const TextScore& s : score_texts(*m, pairs)) {
      text += number_text(s);
      Json row = {{"metric", s.number.name}, {"value", s.number.value}, {"signature", signature}};
      if (!std::isnan(s.low)) row["interval"] = {s.low, s.high};
      all.push_back(std::move(row));
    }
    text += str("  ", signature, "\n");
  }
  context.answer({{"answers", o.answers}, {"scores", all}},
                 text + str("in percent; in brackets the middle 95 % over ", kTextDraws,
                            " drawings of the lines anew\n"));
  return kExitOk;
}

std::string metrics_doc() {
  std::string out = "with commas, bleu unless told:";
  for (const TextMetric* m : builtin_text_metrics()) out += str(" ", m->name, " (", m->doc, ")");
  return out;
}
}  // namespace

extern const Command command_score = {
    .name = "score",
    .doc = "BLEU, ROUGE, exact match and F1 of written answers, line by line",
    .examples = {"cambium score answers.txt --references test.de",
                 "cambium score summaries.txt --references a.txt,b.txt --metrics rouge",
                 "cambium score answers.txt --references gold.txt --metrics exact --json"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      auto references = std::make_shared<std::string>();
      line.word("ANSWERS", o->answers, "a text file, an answer a line");
      line.text("--references", *references, "FILES",
                "files of as many lines, with commas; where there are several the nearest counts");
      line.text("--metrics", o->metrics, "NAMES", metrics_doc());
      return [o, references](Context& context) {
        o->references = comma_list(*references);
        return score(*o, context);
      };
    },
};
}  // namespace cambium::command_score
