#include "tests/fuzz/target.h"

#include <filesystem>

#include <unistd.h>

#include "core/system/files.h"

namespace cambium {
namespace {
class Folder {
 public:
  Folder() {
    const std::filesystem::path memory = "/dev/shm";
    const auto base =
        std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
    path_ = base / str("cambium_fuzz_", ::getpid());
    std::filesystem::create_directories(path_);
  }

  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};
}  // namespace

bool accepts(const FuzzTarget& target, std::string_view bytes) {
  try {
    target.run(bytes);
    return true;
  } catch (const UserError&) {
    return false;
  } catch (const RuntimeError&) {
    return false;
  }
}

std::string file_of(const std::string& name, std::string_view bytes) {
  static const Folder folder;
  const std::string path = folder.path(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  // No fsync: inputs come by the thousand.
  FILE* file = std::fopen(path.c_str(), "wb");
  expect(file != nullptr, "the input cannot be written");
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  return path;
}

std::vector<std::string_view> parts_of(std::string_view bytes, size_t count) {
  constexpr std::string_view kCut = "====\n";
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const size_t at = std::min(bytes.find(kCut), bytes.size());
    parts.push_back(bytes.substr(0, at));
    bytes.remove_prefix(std::min(at + kCut.size(), bytes.size()));
  }
  parts.push_back(bytes);
  return parts;
}

void expect(bool holds, std::string_view what) {
  if (!holds) throw InternalError(std::string(what));
}
}  // namespace cambium
