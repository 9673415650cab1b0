// Time of training and encoding by byte-level BPE on one core:
//   tokenizers TOKENIZER TEXT [times]     encodes a file; TOKENIZER as `cambium tokenizer encode`
//   takes it tokenizers --train VOCAB TEXT         trains on a file, pairs down to one occurrence
// Seconds of the processor: on a machine with other work the clock on the wall says little.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <exception>

#include "core/system/files.h"
#include "data/tokenizers/train_bpe.h"

namespace {
using namespace cambium;

double processor_seconds() {
  return double(std::clock()) / CLOCKS_PER_SEC;
}

void train(int64_t vocab, const std::string& text) {
  const double start = processor_seconds();
  PretokenCounts counts;
  counts.add_text(text);
  const double counted = processor_seconds();
  const ByteBpeModel model = train_bpe(counts, {.vocab = vocab, .least = 1});
  const double trained = processor_seconds();
  std::printf(
      "cambium train: %zu tokens, %zu words, counting %.2f s, merging %.2f s, in all %.2f s\n",
      model.pieces.size(), counts.entries().size(), counted - start, trained - counted,
      trained - start);
}

void encode(const std::string& tokenizer, const std::string& text, int times) {
  const double opening = processor_seconds();
  const auto t = load_tokenizer(tokenizer);
  std::printf("cambium open: %.2f s\n", processor_seconds() - opening);
  for (int i = 0; i < times; ++i) {
    std::vector<int32_t> ids;
    const double start = processor_seconds();
    t->encode(text, ids);
    const double seconds = processor_seconds() - start;
    std::printf("cambium encode: %zu tokens, %.3f bytes per token, %.3f s, %.1f MB/s\n", ids.size(),
                double(text.size()) / double(ids.size()), seconds,
                double(text.size()) / 1e6 / seconds);
  }
}

void run(const std::vector<std::string>& args) {
  if (args.size() == 3 && args[0] == "--train")
    train(std::stoll(args[1]), read_file(args[2]));
  else if (args.size() == 2 || args.size() == 3)
    encode(args[0], read_file(args[1]), args.size() == 3 ? std::stoi(args[2]) : 3);
  else
    std::printf("usage: tokenizers TOKENIZER TEXT [times] | tokenizers --train VOCAB TEXT\n");
}
}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
