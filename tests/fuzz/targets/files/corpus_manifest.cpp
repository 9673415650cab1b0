// Manifests of corpora.
#include <filesystem>

#include "data/assembly/manifest.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_corpus_manifest {
extern const FuzzTarget fuzz_corpus_manifest = {
    .name = "corpus_manifest",
    .reads = {"data/assembly/manifest.cpp"},
    .run = [](std::string_view bytes) {
      const std::string path = file_of(std::string(kManifest), bytes);
      const std::string folder = std::filesystem::path(path).parent_path();
      const Manifest m = load_manifest(folder);
      file_of(std::string(kManifest), to_text(m.json()));
      expect(load_manifest(folder).json() == m.json(), "a manifest is another when written again");
    }};
}  // namespace cambium::fuzz_corpus_manifest
