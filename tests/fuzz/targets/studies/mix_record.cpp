// What studies of mixtures wrote, and its page.
#include <filesystem>

#include "tests/fuzz/target.h"
#include "viz/mixtures/mix_plots.h"
#include "viz/report/pages/mix_page.h"

namespace cambium::fuzz_mix_record {
extern const FuzzTarget fuzz_mix_record = {
    .name = "mix_record",
    .reads = {"search/mixtures/study/mix_record.cpp"},
    .run = [](std::string_view bytes) {
      const std::string path = file_of(std::string(kMixFile), bytes);
      const std::string folder = std::filesystem::path(path).parent_path();
      const MixRecord record = read_mix_folder(folder);
      if (record.sources.size() > 20 || record.variants.size() > 20) return;
      mix_page(record, mix_figures(record));
      const Json json = to_json(record);
      expect(to_json(mix_record_from(json, "again")) == json,
             "a record is another when read again");
    }};
}  // namespace cambium::fuzz_mix_record
