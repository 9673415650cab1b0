// Zip archives of test data: their members, one by one.
#pragma once
#include <map>

#include "core/system/files.h"
#include "tests/support/data/test_data.h"

namespace cambium::test {
// Members by name, each deflated, as a list at the end of the archive says. A member is unpacked by
// giving it the head and the tail of a gzip file.
class Zip {
 public:
  explicit Zip(const std::string& path) : bytes_(read_file(path)) {
    size_t at = bytes_.rfind("PK\5\6");
    EXPECT_NE(at, bytes_.npos) << path;
    at = number(at + 16, 4);
    while (bytes_.compare(at, 4, "PK\1\2") == 0) {
      const size_t name = number(at + 28, 2);
      members_[bytes_.substr(at + 46, name)] = at;
      at += 46 + name + number(at + 30, 2) + number(at + 32, 2);
    }
  }

  std::string member(const std::string& name) const {
    const size_t at = members_.at(name), begin = number(at + 42, 4);
    const size_t data = begin + 30 + number(begin + 26, 2) + number(begin + 28, 2);
    const std::string packed = bytes_.substr(data, number(at + 20, 4));
    if (number(at + 10, 2) == 0) return packed;  // as it is
    const TempFolder folder;
    const std::string head("\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10);
    replace_file(folder.path("m.gz"),
                 head + packed + bytes_.substr(at + 16, 4) + bytes_.substr(at + 24, 4));
    const std::vector<std::byte> text = read_maybe_gzip(folder.path("m.gz"));
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

 private:
  size_t number(size_t at, size_t bytes) const {
    size_t n = 0;
    for (size_t i = 0; i < bytes; ++i) n |= size_t(uint8_t(bytes_[at + i])) << (8 * i);
    return n;
  }

  std::string bytes_;
  std::map<std::string, size_t> members_;
};
}  // namespace cambium::test
