// A tokenizer of llama2.c, and a text that it encodes and decodes.
#include "data/text/bpe.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_tokenizer {
extern const FuzzTarget fuzz_tokenizer = {
    .name = "tokenizer", .reads = {"data/text/bpe.cpp"}, .run = [](std::string_view bytes) {
      const BpeTokenizer tokenizer(file_of("tokenizer.bin", bytes));
      tokenizer.decode(tokenizer.encode(bytes.substr(0, 64)));
    }};
}  // namespace cambium::fuzz_tokenizer
