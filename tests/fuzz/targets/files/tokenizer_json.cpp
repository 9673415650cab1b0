// A tokenizer.json, and a text that it encodes and decodes.
#include "data/tokenizers/byte_bpe.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_tokenizer_json {
extern const FuzzTarget fuzz_tokenizer_json = {
    .name = "tokenizer_json",
    .reads = {"data/tokenizers/tokenizer.cpp", "data/tokenizers/tokenizer_json.cpp",
              "data/tokenizers/byte_bpe_json.cpp", "data/tokenizers/wordpiece.cpp"},
    .run = [](std::string_view bytes) {
      const auto tokenizer = load_tokenizer(file_of("tokenizer.json", bytes));
      std::vector<int32_t> ids;
      tokenizer->encode(bytes, ids);
      expect(!tokenizer->keeps_bytes() || tokenizer->decode(ids) == bytes,
             "a text does not come back from its ids");
      for (const int32_t id : ids) expect(id >= 0 && id < tokenizer->size(), "an id is outside");
      if (const auto* bpe = dynamic_cast<const ByteBpe*>(tokenizer.get())) {
        const std::string path = file_of("again.json", "");
        save_tokenizer_json(bpe->model(), path);
        expect(load_tokenizer(path)->content() == tokenizer->content(),
               "what is written is read as another");
      }
    }};
}  // namespace cambium::fuzz_tokenizer_json
