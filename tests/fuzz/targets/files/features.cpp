// Feature files: what a header claims against the bytes that follow. A file that is not whole is
// no file, never an error.
#include "tests/fuzz/target.h"
#include "train/prefix/feature_file.h"

namespace cambium::fuzz_features {
extern const FuzzTarget fuzz_features;
const FuzzTarget fuzz_features = {
    .name = "features",
    .reads = {"train/prefix/feature_file.cpp"},
    .run = [](std::string_view bytes) {
      const auto file = FeatureFile::open(file_of("x.features", bytes), 6, 4);
      if (!file) return;
      expect(bytes.size() == 32 + 24, "the size is that of the records");
      std::vector<std::byte> record(6);
      for (int64_t i = 0; i < 4; ++i) file->read(i, record);
    }};
}  // namespace cambium::fuzz_features
