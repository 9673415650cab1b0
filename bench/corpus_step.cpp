// Training from a corpus that is streamed beside training from memory: the same model, its data
// `corpus` and `text_bytes`, in turns in one process.
// usage: corpus_step SPEC CORPUS TEXT [--rounds N] [--steps N] [--threads N]
// SPEC has `data: {corpus: {path: $corpus, context: N}}` or so; TEXT is a file of text.
// Prints one JSON line: median step of each in ms, and of the rounds' ratios the quartiles.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "core/system/memory.h"
#include "core/system/parallel.h"
#include "core/text/json.h"
#include "train/run/session.h"

namespace cambium {
namespace {
struct Options {
  std::vector<std::string> words;
  int rounds = 40, steps = 25, threads = 0;
};

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool option = word.starts_with("--");
    require(!option || i + 1 < argc, word, " needs a value");
    if (word == "--rounds")
      o.rounds = std::stoi(argv[++i]);
    else if (word == "--steps")
      o.steps = std::stoi(argv[++i]);
    else if (word == "--threads")
      o.threads = std::stoi(argv[++i]);
    else if (option)
      throw UserError(str("unknown option ", word));
    else
      o.words.push_back(word);
  }
  require(o.words.size() == 3 && o.rounds > 0 && o.steps > 0,
          "usage: corpus_step SPEC CORPUS TEXT [--rounds N] [--steps N] [--threads N]");
  return o;
}

class Side {
 public:
  Side(const std::string& spec, const std::vector<std::string>& overrides)
      : e_(open_experiment(load_spec(spec, overrides))), session_(e_, usable_memory_bytes()) {
    session_.start(0);
  }

  // The median of so many steps, in ms.
  double median(int steps) {
    std::vector<double> times;
    for (int i = 0; i < steps; ++i) {
      const Stopwatch step;
      session_.step(++number_);
      times.push_back(step.milliseconds());
    }
    std::ranges::nth_element(times, times.begin() + steps / 2);
    return times[size_t(steps / 2)];
  }

  int64_t context() const { return e_.data->shape(1).x.shape[1]; }

 private:
  Experiment e_;
  Session session_;
  int64_t number_ = 0;
};

double quantile(std::vector<double> v, double q) {
  std::ranges::sort(v);
  return v[size_t(q * double(v.size() - 1))];
}

void run(const Options& o) {
  if (o.threads > 0) set_thread_count(o.threads);
  const std::string set = "train.steps=1000000000";
  Side corpus(o.words[0], {"data.corpus.path=" + o.words[1], set});
  const std::string data =
      str("data={text_bytes: {path: ", o.words[2], ", context: ", corpus.context(), "}}");
  Side memory(o.words[0], {data, set});
  corpus.median(o.steps);
  memory.median(o.steps);
  std::vector<double> a, b, ratios;
  for (int round = 0; round < o.rounds; ++round) {
    const bool first = round % 2 == 0;
    if (first) a.push_back(corpus.median(o.steps));
    b.push_back(memory.median(o.steps));
    if (!first) a.push_back(corpus.median(o.steps));
    ratios.push_back(a.back() / b.back());
  }
  const Json line = {{"corpus_ms", quantile(a, 0.5)},
                     {"memory_ms", quantile(b, 0.5)},
                     {"ratio", quantile(ratios, 0.5)},
                     {"ratio_low", quantile(ratios, 0.25)},
                     {"ratio_high", quantile(ratios, 0.75)}};
  std::printf("%s\n", line.dump().c_str());
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    cambium::run(cambium::parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "corpus_step: %s\n", e.what());
    return 1;
  }
}
