#include "data/assembly/verify.h"

#include <filesystem>
#include <mutex>

#include "core/system/files.h"

namespace cambium {
void require_shards(const std::string& folder, const Manifest& manifest) {
  for (const CorpusShard& s : manifest.shards) {
    const std::string path = str(folder, "/", s.file);
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    if (error || int64_t(bytes) != s.bytes)
      throw UserError(str(path, error ? " is missing" : " is not as it was written"),
                      str("see what `cambium data check ", folder, "` says"));
  }
}

Manifest verify_corpus(const std::string& folder, const Workers& workers) {
  Manifest m = load_manifest(folder);
  std::vector<std::string> wrong(m.shards.size());
  run_tasks(
      workers, "checking", int64_t(m.shards.size()), [](int64_t) { return false; },
      [&](int64_t i) {
        const CorpusShard& s = m.shards[size_t(i)];
        const std::string path = str(folder, "/", s.file);
        if (!file_exists(path)) {
          wrong[size_t(i)] = str(path, " is missing");
          return;
        }
        const FileSum sum = checksum_of_file(path);
        if (sum.bytes != s.bytes)
          wrong[size_t(i)] =
              str(path, " has ", sum.bytes, " bytes where ", s.bytes, " were written");
        else if (sum.checksum != s.hash)
          wrong[size_t(i)] = str(path, " holds other bytes than were written");
      });
  Diagnostics errors;
  for (const std::string& what : wrong)
    if (!what.empty())
      errors.add(UserError(what, str("copy it again, or remove ", folder, " and build it anew")));
  errors.throw_if_any();
  return m;
}
}  // namespace cambium
