// Ranks of tiktoken, and a text that they encode and decode.
#include "data/tokenizers/tokenizer.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_tiktoken {
extern const FuzzTarget fuzz_tiktoken = {
    .name = "tiktoken",
    .reads = {"data/tokenizers/tiktoken.cpp"},
    .run = [](std::string_view bytes) {
      const auto tokenizer = load_tiktoken(file_of("ranks.tiktoken", bytes));
      std::vector<int32_t> ids;
      tokenizer->encode(bytes, ids);
      expect(tokenizer->decode(ids) == bytes, "a text does not come back from its ids");
    }};
}  // namespace cambium::fuzz_tiktoken
