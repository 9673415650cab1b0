// Texts: as bytes and as characters.
#include "data/text/text.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_text {
extern const FuzzTarget fuzz_text = {
    .name = "text",
    .reads = {"data/text/text_file.cpp", "data/sets/text/text_tokens.cpp"},
    .run = [](std::string_view bytes) {
      const std::string path = file_of("text.txt", bytes);
      for (const TextUnit unit : {TextUnit::kByte, TextUnit::kCharacter}) {
        const TextFile text(path, unit);
        std::vector<int32_t> ids(size_t(text.size()));
        text.copy(0, ids);
        expect(text.decode(ids) == bytes && text.encode(bytes) == ids, "a text comes back changed");
      }
    }};
}  // namespace cambium::fuzz_text
