#include "data/images/idx.h"

#include "core/system/files.h"

namespace cambium {
namespace {
constexpr int kUnsignedByte = 0x08;
constexpr int64_t kMostValues = int64_t(1) << 40;

std::string hex(uint32_t word) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[word >> shift & 15];
  return out;
}

uint32_t big_endian(std::span<const std::byte> b) {
  return uint32_t(b[0]) << 24 | uint32_t(b[1]) << 16 | uint32_t(b[2]) << 8 | uint32_t(b[3]);
}
}  // namespace

IdxArray parse_idx(std::vector<std::byte> content, int rank, const std::string& path) {
  const std::span<const std::byte> bytes(content);
  require(bytes.size() >= 4, path, ": truncated: ", bytes.size(),
          " bytes, an IDX file has at least 4");
  const uint32_t magic = big_endian(bytes), expected = uint32_t(kUnsignedByte << 8 | rank);
  require(magic == expected, path, ": starts with ", hex(magic), ", an IDX file of rank ", rank,
          " and unsigned bytes starts with ", hex(expected));
  IdxArray out;
  out.offset = 4 + 4 * size_t(rank);
  require(bytes.size() >= out.offset, path, ": truncated: ", bytes.size(),
          " bytes, the header of an IDX file of rank ", rank, " has ", out.offset);
  std::vector<int64_t> extents;
  int64_t count = 1;
  for (int i = 0; i < rank; ++i) {
    extents.push_back(big_endian(bytes.subspan(4 + 4 * size_t(i))));
    require(extents.back() > 0, path, ": extent ", i, " is 0");
    require(extents.back() <= kMostValues / count, path, ": extents promise more than ",
            kMostValues, " values");
    count *= extents.back();
  }
  out.shape = Shape(extents);
  const int64_t found = int64_t(bytes.size() - out.offset);
  require(found >= count, path, ": truncated: extents ", out.shape, " need ", count,
          " bytes of values, found ", found);
  require(found == count, path, ": extents ", out.shape, " need ", count,
          " bytes of values, found ", found, ": bytes are left over");
  out.content = std::move(content);
  return out;
}

IdxArray read_idx(const std::string& path, int rank) {
  require(file_exists(path), path, ": no such file");
  std::vector<std::byte> content;
  try {
    content = read_maybe_gzip(path);
  } catch (const RuntimeError& e) {  // a broken file is the user's to replace
    throw UserError(e.what());
  }
  return parse_idx(std::move(content), rank, path);
}
}  // namespace cambium
